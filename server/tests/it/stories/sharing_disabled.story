# Nobody gets anything by reporting somebody else's purchase.

the webhook is on
the app has {"sharing": "disabled"}
at 2026-01-01
u1 appears
u2 appears
a1 appears anonymously
a2 appears anonymously
u1 reports monthly t1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
u2 reports t1 again
  → 200, no access, revenue 0.0
a1 reports t1 again
  → 200, no access, revenue 0.0
u1 is read
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
# Two without names share; who has a name becomes the owner.
a1 reports monthly v1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly v1 until 2026-02-01
  · a1 subscription_started 2026-01-01: monthly v1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · a1 access_level_updated 2026-01-01: premium active, monthly v1, until 2026-02-01, will_renew true, reason null
a2 reports v1 again
  → 200, premium until 2026-02-01, revenue 0.0
  · a2 access_level_updated 2026-01-01: premium active, monthly v1, until 2026-02-01, will_renew true, reason null, with a1
u2 reports v1 again
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly v1 until 2026-02-01
  · a1 access_level_updated 2026-01-01: premium inactive, monthly v1, until 2026-01-01, will_renew false, reason null
  · a2 access_level_updated 2026-01-01: premium inactive, monthly v1, until 2026-01-01, will_renew false, reason null
  · u2 access_level_updated 2026-01-01: premium active, monthly v1, until 2026-02-01, will_renew true, reason null
a1 is read
  → 200, premium ended 2026-01-01, revenue 0.0
a2 is read
  → 200, premium ended 2026-01-01, revenue 0.0
# A newcomer's report of a renewal is the owner's.
at 2026-02-01
  · u1 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null
  · u2 access_level_updated 2026-02-01: premium inactive, monthly v1, until 2026-02-01, will_renew true, reason null
u2 reports monthly t2 of t1, until 2026-03-01
  → 200, premium ended 2026-02-01, revenue 9.99
    subscription monthly v1 until 2026-02-01
  · u1 subscription_renewed 2026-02-01: monthly t2 until 2026-03-01, price 9.99, proceeds 6.993, revenue 19.98, payments 2
  · u1 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null
u1 is read
  → 200, premium until 2026-03-01, revenue 19.98
    subscription monthly t2 until 2026-03-01
