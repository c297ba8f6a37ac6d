# A charge fails, the store gives a grace period, and the charge succeeds within it.

the webhook is on
at 2026-01-01
u1 appears
u1 reports monthly t1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-02-01T01:00:00
  · u1 access_level_updated 2026-02-01T01:00:00: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null
u1 reports t1 again, unpaid since 2026-02-01T00:30:00, grace until 2026-02-17
  → 200, premium until 2026-02-17, revenue 9.99
    subscription monthly t1 until 2026-02-01, unpaid since 2026-02-01T00:30:00, in grace
  · u1 billing_issue_detected 2026-02-01T00:30:00 (told 2026-02-01T01:00:00): monthly t1 until 2026-02-17, price 9.99, revenue 9.99, payments 1
  · u1 entered_grace_period 2026-02-01T00:30:00 (told 2026-02-01T01:00:00): monthly t1 until 2026-02-17, price 9.99, revenue 9.99, payments 1
  · u1 access_level_updated 2026-02-01T01:00:00: premium active, monthly t1, until 2026-02-17, will_renew true, reason null, is_in_grace_period
u1 is read
  → 200, premium until 2026-02-17, revenue 9.99
    subscription monthly t1 until 2026-02-01, unpaid since 2026-02-01T00:30:00, in grace
at 2026-02-10
u1 reports monthly t2 of t1, from 2026-02-09T18:00:00, until 2026-03-09T18:00:00
  → 200, premium until 2026-03-09T18:00:00, revenue 19.98
    subscription monthly t2 until 2026-03-09T18:00:00
  · u1 subscription_renewed 2026-02-09T18:00:00 (told 2026-02-10): monthly t2 until 2026-03-09T18:00:00, price 9.99, proceeds 6.993, revenue 19.98, payments 2
  · u1 access_level_updated 2026-02-10: premium active, monthly t2, until 2026-03-09T18:00:00, will_renew true, reason null

# The next charge fails too, this time without grace; the store says so a day ahead and clears it.
at 2026-03-08
u1 reports t2 again, unpaid since 2026-03-08
  → 200, premium until 2026-03-09T18:00:00, revenue 19.98
    subscription monthly t2 until 2026-03-09T18:00:00, unpaid since 2026-03-08
  · u1 billing_issue_detected 2026-03-08: monthly t2 until 2026-03-09T18:00:00, price 9.99, revenue 19.98, payments 2
  · u1 access_level_updated 2026-03-08: premium active, monthly t2, until 2026-03-09T18:00:00, will_renew true, reason null
at 2026-03-08T12:00:00
u1 reports t2 again, paid
  → 200, premium until 2026-03-09T18:00:00, revenue 19.98
    subscription monthly t2 until 2026-03-09T18:00:00
  · u1 access_level_updated 2026-03-08T12:00:00: premium active, monthly t2, until 2026-03-09T18:00:00, will_renew true, reason null

# The next one fails at the end; grace is given later; nobody pays until grace is over, then somebody does.
at 2026-03-09T18:00:00
  · u1 access_level_updated 2026-03-09T18:00:00: premium inactive, monthly t2, until 2026-03-09T18:00:00, will_renew true, reason null
u1 reports t2 again, unpaid since 2026-03-09T18:00:00
  → 200, premium ended 2026-03-09T18:00:00, revenue 19.98
    subscription monthly t2 until 2026-03-09T18:00:00, unpaid since 2026-03-09T18:00:00
  · u1 billing_issue_detected 2026-03-09T18:00:00: monthly t2 until 2026-03-09T18:00:00, price 9.99, revenue 19.98, payments 2
  · u1 access_level_updated 2026-03-09T18:00:00: premium inactive, monthly t2, until 2026-03-09T18:00:00, will_renew true, reason null
at 2026-03-10
u1 reports t2 again, unpaid since 2026-03-09T18:00:00, grace until 2026-03-15
  → 200, premium until 2026-03-15, revenue 19.98
    subscription monthly t2 until 2026-03-09T18:00:00, unpaid since 2026-03-09T18:00:00, in grace
  · u1 entered_grace_period 2026-03-09T18:00:00 (told 2026-03-10): monthly t2 until 2026-03-15, price 9.99, revenue 19.98, payments 2
  · u1 access_level_updated 2026-03-10: premium active, monthly t2, until 2026-03-15, will_renew true, reason null, is_in_grace_period
at 2026-03-15
  · u1 access_level_updated 2026-03-15: premium inactive, monthly t2, until 2026-03-15, will_renew true, reason null
at 2026-03-20
u1 reports monthly t3 of t1, from 2026-03-20, until 2026-04-20
  → 200, premium until 2026-04-20, revenue 29.97
    subscription monthly t3 until 2026-04-20
  · u1 subscription_renewed 2026-03-20: monthly t3 until 2026-04-20, price 9.99, proceeds 6.993, revenue 29.97, payments 1
  · u1 access_level_updated 2026-03-20: premium active, monthly t3, until 2026-04-20, will_renew true, reason null
