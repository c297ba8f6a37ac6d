# Access goes to who reported last, if both are known by name.

the webhook is on
the app has {"sharing": "transfer"}
at 2026-01-01
u1 appears
u2 appears
a1 appears anonymously
u1 reports monthly t1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
u2 reports t1 again
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 access_level_updated 2026-01-01: premium inactive, monthly t1, until 2026-01-01, will_renew false, reason null
  · u2 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
u1 is read
  → 200, premium ended 2026-01-01, revenue 0.0
# Later events are the new owner's.
at 2026-01-10
u2 reports t1 again, cancelled 2026-01-10
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01, cancelled 2026-01-10
  · u2 subscription_renewal_cancelled 2026-01-10: monthly t1 until 2026-02-01, price 9.99, revenue 9.99, payments 1
  · u2 access_level_updated 2026-01-10: premium active, monthly t1, until 2026-02-01, will_renew false, reason null
at 2026-01-11
u2 reports t1 again, renewing 2026-01-11
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u2 subscription_renewal_reactivated 2026-01-11: monthly t1 until 2026-02-01, price 9.99, revenue 9.99, payments 1
  · u2 access_level_updated 2026-01-11: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
# An anonymous newcomer shares.
a1 reports t1 again
  → 200, premium until 2026-02-01, revenue 0.0
  · a1 access_level_updated 2026-01-11: premium active, monthly t1, until 2026-02-01, will_renew true, reason null, with u2
at 2026-02-01
  · a1 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null, with u2
  · u2 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null, with a1
u2 reports monthly t2 of t1, until 2026-03-01
  → 200, premium until 2026-03-01, revenue 19.98
    subscription monthly t2 until 2026-03-01
  · u2 subscription_renewed 2026-02-01: monthly t2 until 2026-03-01, price 9.99, proceeds 6.993, revenue 19.98, payments 2, with a1
  · u2 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null, with a1
  · a1 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null, with u2
# The first period is paid back: it was the first owner's money.
at 2026-02-05
u2 reports t1 again, refunded 2026-02-05
  → 200, premium until 2026-03-01, revenue 9.99
    subscription monthly t2 until 2026-03-01
  · u2 subscription_refunded 2026-02-05: monthly t1 until 2026-02-05, price -9.99, proceeds -6.993, revenue 9.99, payments 2, reason refund, with a1
u1 is read
  → 200, premium ended 2026-01-01, revenue 0.0
# And back.
at 2026-02-10
u1 reports t2 again
  → 200, premium until 2026-03-01, revenue 9.99
    subscription monthly t2 until 2026-03-01
  · a1 access_level_updated 2026-02-10: premium inactive, monthly t2, until 2026-02-10, will_renew false, reason null
  · u2 access_level_updated 2026-02-10: premium inactive, monthly t2, until 2026-02-10, will_renew false, reason null
  · u1 access_level_updated 2026-02-10: premium active, monthly t2, until 2026-03-01, will_renew true, reason null
a1 is read
  → 200, premium ended 2026-02-10, revenue 0.0
u2 is read
  → 200, premium ended 2026-02-10, revenue 0.0
