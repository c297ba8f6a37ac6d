# Trials and subscriptions that still run some days after their start.

the webhook is on {"events": {"trial_active": true, "subscription_active": true}, "synthetic_delay_days": {"trial_active": 3, "subscription_active": 10}}
at 2026-01-01
u1 appears
u2 appears
u3 appears
u4 appears
u5 appears
u1 reports monthly t1, trial, until 2026-01-08
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08
  · u1 trial_started 2026-01-01: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-01-08, will_renew true, reason null
u2 reports monthly v1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly v1 until 2026-02-01
  · u2 subscription_started 2026-01-01: monthly v1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u2 access_level_updated 2026-01-01: premium active, monthly v1, until 2026-02-01, will_renew true, reason null
u3 reports monthly w1, trial, until 2026-01-08
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly w1 until 2026-01-08
  · u3 trial_started 2026-01-01: monthly w1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u3 access_level_updated 2026-01-01: premium active, monthly w1, until 2026-01-08, will_renew true, reason null
u4 reports weekly x1, 2.99 USD, until 2026-01-08
  → 200, premium until 2026-01-08, revenue 2.99
    subscription weekly x1 until 2026-01-08
  · u4 subscription_started 2026-01-01: weekly x1 until 2026-01-08, price 2.99, proceeds 2.093, revenue 2.99, payments 1
  · u4 access_level_updated 2026-01-01: premium active, weekly x1, until 2026-01-08, will_renew true, reason null
# A period ends at the very instant of the timer, and its renewal comes a little later.
u5 reports decade y1, 3.99 USD, until 2026-01-11
  → 200, premium until 2026-01-11, revenue 3.99
    subscription decade y1 until 2026-01-11
  · u5 subscription_started 2026-01-01: decade y1 until 2026-01-11, price 3.99, proceeds 2.793, revenue 3.99, payments 1
  · u5 access_level_updated 2026-01-01: premium active, decade y1, until 2026-01-11, will_renew true, reason null
at 2026-01-02
u1 reports t1 again, cancelled 2026-01-02
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08, cancelled 2026-01-02
  · u1 trial_renewal_cancelled 2026-01-02: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-02: premium active, monthly t1, until 2026-01-08, will_renew false, reason null
u3 reports yearly w2 of w1, 89.99 USD, until 2027-01-02
  → 200, premium until 2027-01-02, revenue 89.99
    subscription yearly w2 until 2027-01-02
  · u3 trial_converted 2026-01-02: yearly w2 until 2027-01-02, price 89.99, proceeds 62.993, revenue 89.99, payments 1, trial 7 days
  · u3 access_level_updated 2026-01-02: premium active, yearly w2, until 2027-01-02, will_renew true, reason null
at 2026-01-04
  · u1 trial_active 2026-01-04: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
at 2026-01-08
  · u1 trial_expired 2026-01-08: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days, reason voluntarily_cancelled
  · u1 access_level_updated 2026-01-08: premium inactive, monthly t1, until 2026-01-08, will_renew false, reason null
  · u4 access_level_updated 2026-01-08: premium inactive, weekly x1, until 2026-01-08, will_renew true, reason null
u4 reports weekly x2 of x1, 2.99 USD, until 2026-01-15
  → 200, premium until 2026-01-15, revenue 5.98
    subscription weekly x2 until 2026-01-15
  · u4 subscription_renewed 2026-01-08: weekly x2 until 2026-01-15, price 2.99, proceeds 2.093, revenue 5.98, payments 2
  · u4 access_level_updated 2026-01-08: premium active, weekly x2, until 2026-01-15, will_renew true, reason null
at 2026-01-11
  · u2 subscription_active 2026-01-11: monthly v1 until 2026-02-01, price 9.99, revenue 9.99, payments 1
  · u4 subscription_active 2026-01-11: weekly x2 until 2026-01-15, price 2.99, revenue 5.98, payments 2
  · u5 access_level_updated 2026-01-11: premium inactive, decade y1, until 2026-01-11, will_renew true, reason null
at 2026-01-11T01:00:00
u5 reports decade y2 of y1, 3.99 USD, from 2026-01-11, until 2026-01-21
  → 200, premium until 2026-01-21, revenue 7.98
    subscription decade y2 until 2026-01-21
  · u5 subscription_renewed 2026-01-11 (told 2026-01-11T01:00:00): decade y2 until 2026-01-21, price 3.99, proceeds 2.793, revenue 7.98, payments 2
  · u5 subscription_active 2026-01-11 (told 2026-01-11T01:00:00): decade y2 until 2026-01-21, price 3.99, revenue 7.98, payments 2
  · u5 access_level_updated 2026-01-11T01:00:00: premium active, decade y2, until 2026-01-21, will_renew true, reason null
at 2026-01-15
  · u4 access_level_updated 2026-01-15: premium inactive, weekly x2, until 2026-01-15, will_renew true, reason null
at 2026-01-30
  · u4 subscription_expired 2026-01-15 (told 2026-01-30): weekly x2 until 2026-01-15, price 2.99, revenue 5.98, payments 2, reason unknown
  · u5 subscription_expired 2026-01-21 (told 2026-01-30): decade y2 until 2026-01-21, price 3.99, revenue 7.98, payments 2, reason unknown
  · u5 access_level_updated 2026-01-30: premium inactive, decade y2, until 2026-01-21, will_renew false, reason null
