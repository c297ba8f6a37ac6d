# Another product at once: the store pays back what is left of the old one.

the webhook is on
level gold
product app_store/gold gives gold
at 2026-01-01
u1 appears
u1 reports monthly t1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-01-15
u1 reports yearly t2 of t1, 89.99 USD, until 2027-01-15
  → 200, premium until 2027-01-15, revenue 99.98
    subscription yearly t2 until 2027-01-15
  · u1 subscription_refunded 2026-01-15: monthly t1 until 2026-01-15, price -9.99, proceeds -6.993, revenue 99.98, payments 1, reason upgraded
  · u1 subscription_started 2026-01-15: yearly t2 until 2027-01-15, price 89.99, proceeds 62.993, revenue 99.98, payments 1
  · u1 access_level_updated 2026-01-15: premium inactive, monthly t1, until 2026-01-15, will_renew false, reason null
  · u1 access_level_updated 2026-01-15: premium active, yearly t2, until 2027-01-15, will_renew true, reason null
at 2026-02-01

# The old product's end is told first.
at 2026-02-02
u2 appears
u2 reports monthly v1, until 2026-03-02
  → 200, premium until 2026-03-02, revenue 9.99
    subscription monthly v1 until 2026-03-02
  · u2 subscription_started 2026-02-02: monthly v1 until 2026-03-02, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u2 access_level_updated 2026-02-02: premium active, monthly v1, until 2026-03-02, will_renew true, reason null
at 2026-02-10
u2 reports v1 again, because upgraded
  → 200, premium ended 2026-02-10, revenue 9.99
    subscription monthly v1 until 2026-03-02, because upgraded
  · u2 subscription_refunded 2026-02-10: monthly v1 until 2026-02-10, price -9.99, proceeds -6.993, revenue 9.99, payments 1, reason upgraded
  · u2 access_level_updated 2026-02-10: premium inactive, monthly v1, until 2026-02-10, will_renew false, reason upgraded
u2 reports yearly v2 of v1, 89.99 USD, until 2027-02-10
  → 200, premium until 2027-02-10, revenue 99.98
    subscription yearly v2 until 2027-02-10
  · u2 subscription_started 2026-02-10: yearly v2 until 2027-02-10, price 89.99, proceeds 62.993, revenue 99.98, payments 1
  · u2 access_level_updated 2026-02-10: premium active, yearly v2, until 2027-02-10, will_renew true, reason null
at 2026-03-02

# In a trial.
u3 appears
u3 reports monthly w1, trial, until 2026-03-09
  → 200, premium until 2026-03-09, revenue 0.0
    subscription monthly w1 until 2026-03-09
  · u3 trial_started 2026-03-02: monthly w1 until 2026-03-09, price null, revenue 0.0, payments 0, trial 7 days
  · u3 access_level_updated 2026-03-02: premium active, monthly w1, until 2026-03-09, will_renew true, reason null
at 2026-03-04
u3 reports yearly w2 of w1, 89.99 USD, until 2027-03-04
  → 200, premium until 2027-03-04, revenue 89.99
    subscription yearly w2 until 2027-03-04
  · u3 trial_converted 2026-03-04: yearly w2 until 2027-03-04, price 89.99, proceeds 62.993, revenue 89.99, payments 1, trial 7 days
  · u3 access_level_updated 2026-03-04: premium active, yearly w2, until 2027-03-04, will_renew true, reason null

# To a product that gives another level.
u4 appears
u4 reports monthly x1, until 2026-04-04
  → 200, premium until 2026-04-04, revenue 9.99
    subscription monthly x1 until 2026-04-04
  · u4 subscription_started 2026-03-04: monthly x1 until 2026-04-04, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u4 access_level_updated 2026-03-04: premium active, monthly x1, until 2026-04-04, will_renew true, reason null
at 2026-03-05
u4 reports gold x2 of x1, 49.99 USD, until 2026-04-05
  → 200, gold until 2026-04-05, premium ended 2026-03-05, revenue 59.98
    subscription gold x2 until 2026-04-05
  · u4 subscription_refunded 2026-03-05: monthly x1 until 2026-03-05, price -9.99, proceeds -6.993, revenue 59.98, payments 1, reason upgraded
  · u4 subscription_started 2026-03-05: gold x2 until 2026-04-05, price 49.99, proceeds 34.993, revenue 59.98, payments 1
  · u4 access_level_updated 2026-03-05: premium inactive, monthly x1, until 2026-03-05, will_renew false, reason null
  · u4 access_level_updated 2026-03-05: gold active, gold x2, until 2026-04-05, will_renew true, reason null
# What it has lost is over, not unheard of.
u4 loses premium
  → 200, gold until 2026-04-05, premium ended 2026-03-05, revenue 59.98
    subscription gold x2 until 2026-04-05
at 2026-03-06
u4 reports x2 again, until 2026-04-06
  → 200, gold until 2026-04-06, premium ended 2026-03-05, revenue 59.98
    subscription gold x2 until 2026-04-06
  · u4 access_level_updated 2026-03-06: gold active, gold x2, until 2026-04-06, will_renew true, reason null
at 2026-04-07
  · u4 subscription_expired 2026-04-06 (told 2026-04-07): gold x2 until 2026-04-06, price 49.99, revenue 59.98, payments 1, reason unknown
  · u4 access_level_updated 2026-04-07: gold inactive, gold x2, until 2026-04-06, will_renew false, reason null
