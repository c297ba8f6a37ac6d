# A trial is converted, renewed, cancelled and runs out.

the webhook is on
at 2026-01-01T09:00:00
u1 appears
u1 reports monthly t1, trial, until 2026-01-08T09:00:00
  → 200, premium until 2026-01-08T09:00:00, revenue 0.0
    subscription monthly t1 until 2026-01-08T09:00:00
  · u1 trial_started 2026-01-01T09:00:00: monthly t1 until 2026-01-08T09:00:00, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-01T09:00:00: premium active, monthly t1, until 2026-01-08T09:00:00, will_renew true, reason null
at 2026-01-08T09:00:00
  · u1 access_level_updated 2026-01-08T09:00:00: premium inactive, monthly t1, until 2026-01-08T09:00:00, will_renew true, reason null
u1 reports monthly t2 of t1, until 2026-02-08T09:00:00
  → 200, premium until 2026-02-08T09:00:00, revenue 9.99
    subscription monthly t2 until 2026-02-08T09:00:00
  · u1 trial_converted 2026-01-08T09:00:00: monthly t2 until 2026-02-08T09:00:00, price 9.99, proceeds 6.993, revenue 9.99, payments 1, trial 7 days
  · u1 access_level_updated 2026-01-08T09:00:00: premium active, monthly t2, until 2026-02-08T09:00:00, will_renew true, reason null
at 2026-02-08T09:00:00
  · u1 access_level_updated 2026-02-08T09:00:00: premium inactive, monthly t2, until 2026-02-08T09:00:00, will_renew true, reason null
u1 reports monthly t3 of t1, until 2026-03-08T09:00:00
  → 200, premium until 2026-03-08T09:00:00, revenue 19.98
    subscription monthly t3 until 2026-03-08T09:00:00
  · u1 subscription_renewed 2026-02-08T09:00:00: monthly t3 until 2026-03-08T09:00:00, price 9.99, proceeds 6.993, revenue 19.98, payments 2, trial 7 days
  · u1 access_level_updated 2026-02-08T09:00:00: premium active, monthly t3, until 2026-03-08T09:00:00, will_renew true, reason null
at 2026-02-20
u1 reports t3 again, cancelled 2026-02-19T12:00:00
  → 200, premium until 2026-03-08T09:00:00, revenue 19.98
    subscription monthly t3 until 2026-03-08T09:00:00, cancelled 2026-02-19T12:00:00
  · u1 subscription_renewal_cancelled 2026-02-19T12:00:00 (told 2026-02-20): monthly t3 until 2026-03-08T09:00:00, price 9.99, revenue 19.98, payments 2
  · u1 access_level_updated 2026-02-20: premium active, monthly t3, until 2026-03-08T09:00:00, will_renew false, reason null
at 2026-03-08T09:00:00
  · u1 subscription_expired 2026-03-08T09:00:00: monthly t3 until 2026-03-08T09:00:00, price 9.99, revenue 19.98, payments 2, trial 7 days, reason voluntarily_cancelled
  · u1 access_level_updated 2026-03-08T09:00:00: premium inactive, monthly t3, until 2026-03-08T09:00:00, will_renew false, reason null
u1 is read
  → 200, premium ended 2026-03-08T09:00:00, revenue 19.98
    subscription monthly t3 until 2026-03-08T09:00:00, cancelled 2026-02-19T12:00:00
at 2026-04-01
