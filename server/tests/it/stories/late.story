# Reports come late and in the wrong order.

the webhook is on
at 2026-06-01
u1 appears
u1 reports monthly t3 of t1, first bought 2026-03-18, from 2026-05-25, until 2026-06-25
  → 200, premium until 2026-06-25, revenue 9.99
    subscription monthly t3 until 2026-06-25
  · u1 subscription_renewed 2026-05-25 (told 2026-06-01): monthly t3 until 2026-06-25, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-06-01: premium active, monthly t3, until 2026-06-25, will_renew true, reason null
u1 reports monthly t1, trial, from 2026-03-18, until 2026-03-25
  → 200, premium until 2026-06-25, revenue 9.99
    subscription monthly t3 until 2026-06-25
  · u1 trial_started 2026-03-18 (told 2026-06-01): monthly t1 until 2026-03-25, price null, revenue 9.99, payments 0, trial 7 days
u1 reports monthly t1b of t1, from 2026-03-25, until 2026-04-25
  → 200, premium until 2026-06-25, revenue 19.98
    subscription monthly t3 until 2026-06-25
  · u1 subscription_renewed 2026-03-25 (told 2026-06-01): monthly t1b until 2026-04-25, price 9.99, proceeds 6.993, revenue 19.98, payments 1, trial 7 days
u1 reports monthly t2 of t1, from 2026-04-25, until 2026-05-25
  → 200, premium until 2026-06-25, revenue 29.97
    subscription monthly t3 until 2026-06-25
  · u1 subscription_renewed 2026-04-25 (told 2026-06-01): monthly t2 until 2026-05-25, price 9.99, proceeds 6.993, revenue 29.97, payments 1, trial 7 days

# Over before anybody told.
u2 appears
u2 reports monthly v1, from 2026-01-01, until 2026-02-01
  → 200, premium ended 2026-02-01, revenue 9.99
    subscription monthly v1 until 2026-02-01
  · u2 subscription_started 2026-01-01 (told 2026-06-01): monthly v1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u2 subscription_expired 2026-02-01 (told 2026-06-01): monthly v1 until 2026-02-01, price 9.99, revenue 9.99, payments 1, reason unknown
  · u2 access_level_updated 2026-06-01: premium inactive, monthly v1, until 2026-02-01, will_renew false, reason null
u2 reports monthly v2 of v1, from 2026-02-01, until 2026-03-01, cancelled 2026-02-15
  → 200, premium ended 2026-03-01, revenue 19.98
    subscription monthly v2 until 2026-03-01, cancelled 2026-02-15
  · u2 subscription_renewed 2026-02-01 (told 2026-06-01): monthly v2 until 2026-03-01, price 9.99, proceeds 6.993, revenue 19.98, payments 1
  · u2 subscription_renewal_cancelled 2026-02-15 (told 2026-06-01): monthly v2 until 2026-03-01, price 9.99, revenue 19.98, payments 1
  · u2 subscription_expired 2026-03-01 (told 2026-06-01): monthly v2 until 2026-03-01, price 9.99, revenue 19.98, payments 1, reason voluntarily_cancelled
  · u2 access_level_updated 2026-06-01: premium inactive, monthly v2, until 2026-03-01, will_renew false, reason null

# The renewal comes an hour after the end, within the wait: nothing expires.
u3 appears
u3 reports monthly w1, until 2026-07-01
  → 200, premium until 2026-07-01, revenue 9.99
    subscription monthly w1 until 2026-07-01
  · u3 subscription_started 2026-06-01: monthly w1 until 2026-07-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u3 access_level_updated 2026-06-01: premium active, monthly w1, until 2026-07-01, will_renew true, reason null
at 2026-07-01
  · u1 subscription_expired 2026-06-25 (told 2026-07-01): monthly t3 until 2026-06-25, price 9.99, revenue 29.97, payments 3, trial 7 days, reason unknown
  · u1 access_level_updated 2026-07-01: premium inactive, monthly t3, until 2026-06-25, will_renew false, reason null
  · u3 access_level_updated 2026-07-01: premium inactive, monthly w1, until 2026-07-01, will_renew true, reason null
at 2026-07-01T01:00:00
u3 reports monthly w2 of w1, from 2026-07-01, until 2026-08-01
  → 200, premium until 2026-08-01, revenue 19.98
    subscription monthly w2 until 2026-08-01
  · u3 subscription_renewed 2026-07-01 (told 2026-07-01T01:00:00): monthly w2 until 2026-08-01, price 9.99, proceeds 6.993, revenue 19.98, payments 2
  · u3 access_level_updated 2026-07-01T01:00:00: premium active, monthly w2, until 2026-08-01, will_renew true, reason null
# It comes two days after the end: too late.
at 2026-08-02
  · u3 subscription_expired 2026-08-01 (told 2026-08-02): monthly w2 until 2026-08-01, price 9.99, revenue 19.98, payments 2, reason unknown
  · u3 access_level_updated 2026-08-02: premium inactive, monthly w2, until 2026-08-01, will_renew false, reason null
at 2026-08-03
u3 reports monthly w3 of w1, from 2026-08-01, until 2026-09-01
  → 200, premium until 2026-09-01, revenue 29.97
    subscription monthly w3 until 2026-09-01
  · u3 subscription_renewed 2026-08-01 (told 2026-08-03): monthly w3 until 2026-09-01, price 9.99, proceeds 6.993, revenue 29.97, payments 1
  · u3 access_level_updated 2026-08-03: premium active, monthly w3, until 2026-09-01, will_renew true, reason null

# Apple tells of a renewal a day before the end.
u4 appears
u4 reports monthly x1, until 2026-09-03
  → 200, premium until 2026-09-03, revenue 9.99
    subscription monthly x1 until 2026-09-03
  · u4 subscription_started 2026-08-03: monthly x1 until 2026-09-03, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u4 access_level_updated 2026-08-03: premium active, monthly x1, until 2026-09-03, will_renew true, reason null
at 2026-09-02
  · u3 subscription_expired 2026-09-01 (told 2026-09-02): monthly w3 until 2026-09-01, price 9.99, revenue 29.97, payments 1, reason unknown
  · u3 access_level_updated 2026-09-02: premium inactive, monthly w3, until 2026-09-01, will_renew false, reason null
u4 reports monthly x2 of x1, from 2026-09-03, until 2026-10-03
  → 200, premium until 2026-10-03, revenue 19.98
    subscription monthly x2 until 2026-10-03
  · u4 access_level_updated 2026-09-02: premium active, monthly x2, until 2026-10-03, will_renew true, reason null
at 2026-09-03
  · u4 subscription_renewed 2026-09-03 (told 2026-09-02): monthly x2 until 2026-10-03, price 9.99, proceeds 6.993, revenue 19.98, payments 2
