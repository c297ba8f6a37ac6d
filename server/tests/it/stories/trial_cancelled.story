# A trial is cancelled, taken up again, cancelled once more, and runs out without a charge.

the webhook is on
at 2026-01-01
u1 appears
u1 reports monthly t1, trial, until 2026-01-08
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08
  · u1 trial_started 2026-01-01: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-01-08, will_renew true, reason null
at 2026-01-03
u1 reports t1 again, cancelled 2026-01-03
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08, cancelled 2026-01-03
  · u1 trial_renewal_cancelled 2026-01-03: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-03: premium active, monthly t1, until 2026-01-08, will_renew false, reason null
at 2026-01-04
u1 reports t1 again, renewing 2026-01-04
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08
  · u1 trial_renewal_reactivated 2026-01-04: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-04: premium active, monthly t1, until 2026-01-08, will_renew true, reason null
at 2026-01-05
u1 reports t1 again, cancelled 2026-01-05
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08, cancelled 2026-01-05
  · u1 trial_renewal_cancelled 2026-01-05: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-05: premium active, monthly t1, until 2026-01-08, will_renew false, reason null
at 2026-01-08
  · u1 trial_expired 2026-01-08: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days, reason voluntarily_cancelled
  · u1 access_level_updated 2026-01-08: premium inactive, monthly t1, until 2026-01-08, will_renew false, reason null
u1 is read
  → 200, premium ended 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08, cancelled 2026-01-05
# Later nothing more comes of it.
at 2026-02-08

# Six weeks later the customer pays after all.
at 2026-02-20
u1 reports monthly t2 of t1, until 2026-03-20
  → 200, premium until 2026-03-20, revenue 9.99
    subscription monthly t2 until 2026-03-20
  · u1 trial_converted 2026-02-20: monthly t2 until 2026-03-20, price 9.99, proceeds 6.993, revenue 9.99, payments 1, trial 7 days
  · u1 access_level_updated 2026-02-20: premium active, monthly t2, until 2026-03-20, will_renew true, reason null
