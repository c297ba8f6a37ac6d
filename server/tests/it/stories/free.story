# Periods for little or nothing.

the webhook is on
product app_store/monthly gives premium
at 2026-01-01
# A cheap beginning is no trial.
u1 appears
u1 reports monthly t1, offer introductory pay_as_you_go, 1.99 USD, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 1.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 1.99, proceeds 1.393, revenue 1.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
# The store gives a month for nothing.
at 2026-02-01
  · u1 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null
u1 reports monthly t2 of t1, 0 USD, until 2026-03-01
  → 200, premium until 2026-03-01, revenue 1.99
    subscription monthly t2 until 2026-03-01
  · u1 subscription_renewed 2026-02-01: monthly t2 until 2026-03-01, price 0.0, proceeds 0.0, revenue 1.99, payments 2
  · u1 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null
# Another one under an offer.
at 2026-03-01
  · u1 access_level_updated 2026-03-01: premium inactive, monthly t2, until 2026-03-01, will_renew true, reason null
u1 reports monthly t3 of t1, trial, until 2026-04-01
  → 200, premium until 2026-04-01, revenue 1.99
    subscription monthly t3 until 2026-04-01
  · u1 subscription_renewed 2026-03-01: monthly t3 until 2026-04-01, price null, proceeds null, revenue 1.99, payments 3
  · u1 access_level_updated 2026-03-01: premium active, monthly t3, until 2026-04-01, will_renew true, reason null
at 2026-04-01
  · u1 access_level_updated 2026-04-01: premium inactive, monthly t3, until 2026-04-01, will_renew true, reason null
u1 reports monthly t4 of t1, until 2026-05-01
  → 200, premium until 2026-05-01, revenue 11.98
    subscription monthly t4 until 2026-05-01
  · u1 subscription_renewed 2026-04-01: monthly t4 until 2026-05-01, price 9.99, proceeds 6.993, revenue 11.98, payments 4
  · u1 access_level_updated 2026-04-01: premium active, monthly t4, until 2026-05-01, will_renew true, reason null

# A trial without an offer, made longer for nothing, then paid.
u2 appears
u2 reports monthly v1, 0 USD, until 2026-04-08
  → 200, premium until 2026-04-08, revenue 0.0
    subscription monthly v1 until 2026-04-08
  · u2 trial_started 2026-04-01: monthly v1 until 2026-04-08, price null, revenue 0.0, payments 0, trial 7 days
  · u2 access_level_updated 2026-04-01: premium active, monthly v1, until 2026-04-08, will_renew true, reason null
at 2026-04-08
  · u2 access_level_updated 2026-04-08: premium inactive, monthly v1, until 2026-04-08, will_renew true, reason null
u2 reports monthly v2 of v1, 0 USD, until 2026-04-15
  → 200, premium until 2026-04-15, revenue 0.0
    subscription monthly v2 until 2026-04-15
  · u2 subscription_renewed 2026-04-08: monthly v2 until 2026-04-15, price 0.0, proceeds 0.0, revenue 0.0, payments 0, trial 7 days
  · u2 access_level_updated 2026-04-08: premium active, monthly v2, until 2026-04-15, will_renew true, reason null
at 2026-04-15
  · u2 access_level_updated 2026-04-15: premium inactive, monthly v2, until 2026-04-15, will_renew true, reason null
u2 reports monthly v3 of v1, until 2026-05-15
  → 200, premium until 2026-05-15, revenue 9.99
    subscription monthly v3 until 2026-05-15
  · u2 trial_converted 2026-04-15: monthly v3 until 2026-05-15, price 9.99, proceeds 6.993, revenue 9.99, payments 1, trial 7 days
  · u2 access_level_updated 2026-04-15: premium active, monthly v3, until 2026-05-15, will_renew true, reason null

# A subscription without end.
u3 appears
u3 reports monthly w1, 299 USD
  → 200, premium for ever, revenue 299.0
    subscription monthly w1 until null
  · u3 subscription_started 2026-04-15: monthly w1 until null, price 299.0, proceeds 209.3, revenue 299.0, payments 1
  · u3 access_level_updated 2026-04-15: premium active, monthly w1, until null, will_renew true, reason null, is_lifetime
at 2026-06-01
  · u1 subscription_expired 2026-05-01 (told 2026-06-01): monthly t4 until 2026-05-01, price 9.99, revenue 11.98, payments 4, reason unknown
  · u1 access_level_updated 2026-06-01: premium inactive, monthly t4, until 2026-05-01, will_renew false, reason null
  · u2 subscription_expired 2026-05-15 (told 2026-06-01): monthly v3 until 2026-05-15, price 9.99, revenue 9.99, payments 1, trial 7 days, reason unknown
  · u2 access_level_updated 2026-06-01: premium inactive, monthly v3, until 2026-05-15, will_renew false, reason null
u3 is read
  → 200, premium for ever, revenue 299.0
    subscription monthly w1 until null
u3 reports w1 again, cancelled 2026-05-20
  → 200, premium for ever, revenue 299.0
    subscription monthly w1 until null, cancelled 2026-05-20
  · u3 subscription_renewal_cancelled 2026-05-20 (told 2026-06-01): monthly w1 until null, price 299.0, revenue 299.0, payments 1
  · u3 access_level_updated 2026-06-01: premium active, monthly w1, until null, will_renew false, reason null, is_lifetime
