# The default: who reports somebody else's purchase gets its access too.

the webhook is on
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
  → 200, premium until 2026-02-01, revenue 0.0
  · u2 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null, with u1
a1 reports t1 again
  → 200, premium until 2026-02-01, revenue 0.0
  · a1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null, with u1 and u2
u1 is read
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
u2 is read
  → 200, premium until 2026-02-01, revenue 0.0
at 2026-02-01
  · a1 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null, with u1 and u2
  · u1 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null, with a1 and u2
  · u2 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null, with a1 and u1
u2 reports monthly t2 of t1, until 2026-03-01
  → 200, premium until 2026-03-01, revenue 0.0
  · u1 subscription_renewed 2026-02-01: monthly t2 until 2026-03-01, price 9.99, proceeds 6.993, revenue 19.98, payments 2, with a1 and u2
  · u1 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null, with a1 and u2
  · u2 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null, with a1 and u1
  · a1 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null, with u1 and u2
u1 is read
  → 200, premium until 2026-03-01, revenue 19.98
    subscription monthly t2 until 2026-03-01
at 2026-02-10
u1 reports t2 again, cancelled 2026-02-10
  → 200, premium until 2026-03-01, revenue 19.98
    subscription monthly t2 until 2026-03-01, cancelled 2026-02-10
  · u1 subscription_renewal_cancelled 2026-02-10: monthly t2 until 2026-03-01, price 9.99, revenue 19.98, payments 2, with a1 and u2
  · u1 access_level_updated 2026-02-10: premium active, monthly t2, until 2026-03-01, will_renew false, reason null, with a1 and u2
  · a1 access_level_updated 2026-02-10: premium active, monthly t2, until 2026-03-01, will_renew false, reason null, with u1 and u2
  · u2 access_level_updated 2026-02-10: premium active, monthly t2, until 2026-03-01, will_renew false, reason null, with a1 and u1
u2 loses premium
  → 200, premium ended 2026-02-10, revenue 0.0
  · u2 access_level_updated 2026-02-10: premium inactive, monthly t2, until 2026-02-10, will_renew false, reason adapty_revoked, with a1 and u1
# The next period opens it for all of them again, whoever tells of it.
at 2026-03-01
  · a1 access_level_updated 2026-03-01: premium inactive, monthly t2, until 2026-03-01, will_renew false, reason null, with u1 and u2
  · u1 subscription_expired 2026-03-01: monthly t2 until 2026-03-01, price 9.99, revenue 19.98, payments 2, reason voluntarily_cancelled, with a1 and u2
  · u1 access_level_updated 2026-03-01: premium inactive, monthly t2, until 2026-03-01, will_renew false, reason null, with a1 and u2
u2 reports monthly t3 of t1, until 2026-04-01
  → 200, premium until 2026-04-01, revenue 0.0
  · u1 subscription_renewed 2026-03-01: monthly t3 until 2026-04-01, price 9.99, proceeds 6.993, revenue 29.97, payments 1, with a1 and u2
  · u1 access_level_updated 2026-03-01: premium active, monthly t3, until 2026-04-01, will_renew true, reason null, with a1 and u2
  · u2 access_level_updated 2026-03-01: premium active, monthly t3, until 2026-04-01, will_renew true, reason null, with a1 and u1
  · a1 access_level_updated 2026-03-01: premium active, monthly t3, until 2026-04-01, will_renew true, reason null, with u1 and u2
u1 is read
  → 200, premium until 2026-04-01, revenue 29.97
    subscription monthly t3 until 2026-04-01
u2 is read
  → 200, premium until 2026-04-01, revenue 0.0
