# A charge fails and is never made: access ends with the period, the subscription when the store stops collecting.

the webhook is on
at 2026-01-01
u1 appears
u1 reports monthly t1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-01-31
u1 reports t1 again, unpaid since 2026-01-31
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01, unpaid since 2026-01-31
  · u1 billing_issue_detected 2026-01-31: monthly t1 until 2026-02-01, price 9.99, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-31: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-02-01
  · u1 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null
u1 is read
  → 200, premium ended 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01, unpaid since 2026-01-31
at 2026-03-31
at 2026-04-01
  · u1 subscription_expired 2026-02-01 (told 2026-04-01): monthly t1 until 2026-02-01, price 9.99, revenue 9.99, payments 1, reason billing_error
at 2026-05-01

# A failed charge in Stripe cuts access at once.
u2 appears
u2 reports monthly s1, store stripe, until 2026-06-01
  → 200, premium until 2026-06-01, revenue 9.99
    subscription monthly s1 until 2026-06-01
  · u2 subscription_started 2026-05-01: monthly s1 until 2026-06-01, price 9.99, proceeds 9.99, revenue 9.99, payments 1
  · u2 access_level_updated 2026-05-01: premium active, monthly s1, until 2026-06-01, will_renew true, reason null
at 2026-05-20
u2 reports s1 again, unpaid since 2026-05-19
  → 200, premium ended 2026-05-19, revenue 9.99
    subscription monthly s1 until 2026-06-01, unpaid since 2026-05-19
  · u2 billing_issue_detected 2026-05-19 (told 2026-05-20): monthly s1 until 2026-06-01, price 9.99, revenue 9.99, payments 1
  · u2 access_level_updated 2026-05-20: premium inactive, monthly s1, until 2026-05-19, will_renew true, reason null
at 2026-07-01
  · u2 subscription_expired 2026-05-19 (told 2026-07-01): monthly s1 until 2026-06-01, price 9.99, revenue 9.99, payments 1, reason billing_error
