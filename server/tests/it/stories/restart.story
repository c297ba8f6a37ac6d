# The server is down when things become due: they are told with their own dates when it is up again.

the webhook is on {"events": {"trial_active": true}, "synthetic_delay_days": {"trial_active": 3}}
at 2026-01-01
u1 appears
u2 appears
u3 appears
u1 reports monthly t1, trial, until 2026-01-08
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08
  · u1 trial_started 2026-01-01: monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-01-08, will_renew true, reason null
u2 reports monthly v1, until 2026-01-31
  → 200, premium until 2026-01-31, revenue 9.99
    subscription monthly v1 until 2026-01-31
  · u2 subscription_started 2026-01-01: monthly v1 until 2026-01-31, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u2 access_level_updated 2026-01-01: premium active, monthly v1, until 2026-01-31, will_renew true, reason null
u3 reports monthly w1, until 2026-01-31
  → 200, premium until 2026-01-31, revenue 9.99
    subscription monthly w1 until 2026-01-31
  · u3 subscription_started 2026-01-01: monthly w1 until 2026-01-31, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u3 access_level_updated 2026-01-01: premium active, monthly w1, until 2026-01-31, will_renew true, reason null
at 2026-01-02
u1 reports t1 again, cancelled 2026-01-01T01:00:00
  → 200, premium until 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08, cancelled 2026-01-01T01:00:00
  · u1 trial_renewal_cancelled 2026-01-01T01:00:00 (told 2026-01-02): monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 access_level_updated 2026-01-02: premium active, monthly t1, until 2026-01-08, will_renew false, reason null
u3 reports w1 again, unpaid since 2026-01-02
  → 200, premium until 2026-01-31, revenue 9.99
    subscription monthly w1 until 2026-01-31, unpaid since 2026-01-02
  · u3 billing_issue_detected 2026-01-02: monthly w1 until 2026-01-31, price 9.99, revenue 9.99, payments 1
  · u3 access_level_updated 2026-01-02: premium active, monthly w1, until 2026-01-31, will_renew true, reason null
the server is down until 2026-01-20
  · u1 trial_active 2026-01-04 (told 2026-01-20): monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days
  · u1 trial_expired 2026-01-08 (told 2026-01-20): monthly t1 until 2026-01-08, price null, revenue 0.0, payments 0, trial 7 days, reason voluntarily_cancelled
  · u1 access_level_updated 2026-01-20: premium inactive, monthly t1, until 2026-01-08, will_renew false, reason null
the server is down until 2026-02-20
  · u2 subscription_expired 2026-01-31 (told 2026-02-20): monthly v1 until 2026-01-31, price 9.99, revenue 9.99, payments 1, reason unknown
  · u2 access_level_updated 2026-02-20: premium inactive, monthly v1, until 2026-01-31, will_renew false, reason null
  · u3 access_level_updated 2026-02-20: premium inactive, monthly w1, until 2026-01-31, will_renew true, reason null
u1 is read
  → 200, premium ended 2026-01-08, revenue 0.0
    subscription monthly t1 until 2026-01-08, cancelled 2026-01-01T01:00:00
u2 is read
  → 200, premium ended 2026-01-31, revenue 9.99
    subscription monthly v1 until 2026-01-31
u3 is read
  → 200, premium ended 2026-01-31, revenue 9.99
    subscription monthly w1 until 2026-01-31, unpaid since 2026-01-02
# After the restart life goes on.
at 2026-03-01
u2 reports monthly v2 of v1, until 2026-04-01
  → 200, premium until 2026-04-01, revenue 19.98
    subscription monthly v2 until 2026-04-01
  · u2 subscription_renewed 2026-03-01: monthly v2 until 2026-04-01, price 9.99, proceeds 6.993, revenue 19.98, payments 1
  · u2 access_level_updated 2026-03-01: premium active, monthly v2, until 2026-04-01, will_renew true, reason null
the server is down until 2026-06-01
  · u2 subscription_expired 2026-04-01 (told 2026-06-01): monthly v2 until 2026-04-01, price 9.99, revenue 19.98, payments 1, reason unknown
  · u2 access_level_updated 2026-06-01: premium inactive, monthly v2, until 2026-04-01, will_renew false, reason null
  · u3 subscription_expired 2026-01-31 (told 2026-06-01): monthly w1 until 2026-01-31, price 9.99, revenue 9.99, payments 1, reason billing_error
u2 is read
  → 200, premium ended 2026-04-01, revenue 19.98
    subscription monthly v2 until 2026-04-01
