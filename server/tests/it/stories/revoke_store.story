# Access from a store is revoked; the store's own dates go on, and a renewal opens access again.

the webhook is on
at 2026-01-01
u1 appears
u1 reports monthly t1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-01-10
u1 loses premium
  → 200, premium ended 2026-01-10, revenue 9.99
    subscription monthly t1 until 2026-01-10, cancelled 2026-01-10, because adapty_revoked
  · u1 access_level_updated 2026-01-10: premium inactive, monthly t1, until 2026-01-10, will_renew true, reason adapty_revoked
# The same report again changes nothing.
u1 reports t1 again
  → 200, premium ended 2026-01-10, revenue 9.99
    subscription monthly t1 until 2026-01-10, cancelled 2026-01-10, because adapty_revoked
at 2026-02-01
u1 reports monthly t2 of t1, until 2026-03-01
  → 200, premium until 2026-03-01, revenue 19.98
    subscription monthly t2 until 2026-03-01
  · u1 subscription_renewed 2026-02-01: monthly t2 until 2026-03-01, price 9.99, proceeds 6.993, revenue 19.98, payments 2
  · u1 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null
at 2026-02-10
u1 loses premium at 2026-02-20
  → 200, premium until 2026-02-20, revenue 19.98
    subscription monthly t2 until 2026-02-20, cancelled 2026-02-10, because adapty_revoked
  · u1 access_level_updated 2026-02-10: premium active, monthly t2, until 2026-02-20, will_renew true, reason adapty_revoked
at 2026-02-20
u1 is read
  → 200, premium ended 2026-02-20, revenue 19.98
    subscription monthly t2 until 2026-02-20, cancelled 2026-02-10, because adapty_revoked
u1 reports t2 again, cancelled 2026-02-20
  → 200, premium ended 2026-02-20, revenue 19.98
    subscription monthly t2 until 2026-02-20, cancelled 2026-02-10, because adapty_revoked
  · u1 subscription_renewal_cancelled 2026-02-20: monthly t2 until 2026-03-01, price 9.99, revenue 19.98, payments 2
  · u1 access_level_updated 2026-02-20: premium inactive, monthly t2, until 2026-02-20, will_renew false, reason adapty_revoked
at 2026-03-01
  · u1 subscription_expired 2026-03-01: monthly t2 until 2026-03-01, price 9.99, revenue 19.98, payments 2, reason voluntarily_cancelled
