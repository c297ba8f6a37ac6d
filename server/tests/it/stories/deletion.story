# A profile is deleted; who reports its purchase next owns it.

the webhook is on
at 2026-01-01
u1 appears
u2 appears
u1 reports monthly t1, trial, until 2026-01-08
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08
  · u1 trial_started 2026-01-01: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-01-08, will_renew true, reason null
u1 is deleted
  → 204
at 2026-01-08
u2 reports t1 again
  → 200, premium ended 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08
  · u2 trial_started 2026-01-01 (told 2026-01-08): monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u2 trial_expired 2026-01-08: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days, reason unknown
  · u2 access_level_updated 2026-01-08: premium inactive, monthly t1, until 2026-01-08, will_renew false, reason null
u2 reports monthly t2 of t1, until 2026-02-08
  → 200, premium until 2026-02-08, revenue 9.99
    subscription monthly t2 until 2026-02-08
  · u2 trial_converted 2026-01-08: monthly t2 until 2026-02-08, price 9.99, proceeds 6.993, revenue 9.99, payments 1, trial 7 days
  · u2 access_level_updated 2026-01-08: premium active, monthly t2, until 2026-02-08, will_renew true, reason null
u2 is read
  → 200, premium until 2026-02-08, revenue 9.99
    subscription monthly t2 until 2026-02-08

# With somebody who shares it.
u3 appears
u4 appears
u3 reports monthly v1, until 2026-02-08
  → 200, premium until 2026-02-08, revenue 9.99
    subscription monthly v1 until 2026-02-08
  · u3 subscription_started 2026-01-08: monthly v1 until 2026-02-08, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u3 access_level_updated 2026-01-08: premium active, monthly v1, until 2026-02-08, will_renew true, reason null
u4 reports v1 again
  → 200, premium until 2026-02-08, revenue 0.0
  · u4 access_level_updated 2026-01-08: premium active, monthly v1, until 2026-02-08, will_renew true, reason null, with u3
u3 is deleted
  → 204
u4 is read
  → 200, premium until 2026-02-08, revenue 0.0
at 2026-02-08
  · u2 access_level_updated 2026-02-08: premium inactive, monthly t2, until 2026-02-08, will_renew true, reason null
  · u4 access_level_updated 2026-02-08: premium inactive, monthly v1, until 2026-02-08, will_renew true, reason null
u4 reports monthly v2 of v1, until 2026-03-08
  → 200, premium until 2026-03-08, revenue 9.99
    subscription monthly v2 until 2026-03-08
  · u4 subscription_renewed 2026-02-08: monthly v2 until 2026-03-08, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u4 access_level_updated 2026-02-08: premium active, monthly v2, until 2026-03-08, will_renew true, reason null
u4 is read
  → 200, premium until 2026-03-08, revenue 9.99
    subscription monthly v2 until 2026-03-08
