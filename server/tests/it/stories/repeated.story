# What was said before makes no event.

the webhook is on
at 2026-01-01
u1 appears
u1 reports monthly t1, trial, until 2026-01-08
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08
  · u1 trial_started 2026-01-01: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-01-08, will_renew true, reason null
u1 reports t1 again
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08
at 2026-01-03
u1 reports t1 again
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08
u1 reports t1 again, cancelled 2026-01-02
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08, cancelled 2026-01-02
  · u1 trial_renewal_cancelled 2026-01-02 (told 2026-01-03): monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-03: premium active, monthly t1, until 2026-01-08, will_renew false, reason null
u1 reports t1 again
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08, cancelled 2026-01-02
at 2026-01-08
  · u1 trial_expired 2026-01-08: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days, reason voluntarily_cancelled
  · u1 access_level_updated 2026-01-08: premium inactive, monthly t1, until 2026-01-08, will_renew false, reason null
u1 reports t1 again
  → 200, premium ended 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08, cancelled 2026-01-02
# The price is corrected: revenue follows, nothing is told.
u1 reports monthly t2 of t1, until 2026-02-08
  → 200, premium until 2026-02-08, revenue 9.99
    subscription monthly t2 until 2026-02-08
  · u1 trial_converted 2026-01-08: monthly t2 until 2026-02-08, price 9.99, proceeds 6.993, revenue 9.99, payments 1, trial 7 days
  · u1 access_level_updated 2026-01-08: premium active, monthly t2, until 2026-02-08, will_renew true, reason null
u1 reports t2 again, 4.99 USD
  → 200, premium until 2026-02-08, revenue 4.99
    subscription monthly t2 until 2026-02-08
u1 reports t2 again, because price_increase
  → 200, premium until 2026-02-08, revenue 4.99
    subscription monthly t2 until 2026-02-08, because price_increase
  · u1 access_level_updated 2026-01-08: premium active, monthly t2, until 2026-02-08, will_renew true, reason price_increase
# The end is corrected, twice.
u1 reports t2 again, until 2026-02-10
  → 200, premium until 2026-02-10, revenue 4.99
    subscription monthly t2 until 2026-02-10, because price_increase
  · u1 access_level_updated 2026-01-08: premium active, monthly t2, until 2026-02-10, will_renew true, reason price_increase
u1 reports t2 again, until 2026-01-08T12:00:00
  → 200, premium until 2026-01-08T12:00:00, revenue 4.99
    subscription monthly t2 until 2026-01-08T12:00:00, because price_increase
  · u1 access_level_updated 2026-01-08: premium active, monthly t2, until 2026-01-08T12:00:00, will_renew true, reason price_increase
u1 reports t2 again, until 2026-01-07T23:59:59
  → 400 expires_date_error (expires_at)
