# Tests in the store's sandbox make events and access, and no revenue.

the webhook is on
the app has {"sandbox_sharing": "disabled"}
at 2026-01-01
u1 appears
u2 appears
u1 reports monthly t1, sandbox, until 2026-01-01T00:05:00
  → 200, premium until 2026-01-01T00:05:00, revenue 0.0
    subscription monthly t1 until 2026-01-01T00:05:00
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-01-01T00:05:00, price 9.99, proceeds 6.993, revenue 0.0, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-01-01T00:05:00, will_renew true, reason null
u2 reports t1 again
  → 200, no access, revenue 0.0
at 2026-01-01T00:05:00
  · u1 access_level_updated 2026-01-01T00:05:00: premium inactive, monthly t1, until 2026-01-01T00:05:00, will_renew true, reason null
u1 reports monthly t2 of t1, sandbox, until 2026-01-01T00:10:00
  → 200, premium until 2026-01-01T00:10:00, revenue 0.0
    subscription monthly t2 until 2026-01-01T00:10:00
  · u1 subscription_renewed 2026-01-01T00:05:00: monthly t2 until 2026-01-01T00:10:00, price 9.99, proceeds 6.993, revenue 0.0, payments 2
  · u1 access_level_updated 2026-01-01T00:05:00: premium active, monthly t2, until 2026-01-01T00:10:00, will_renew true, reason null
u1 reports coins c1, once, sandbox
  → 200, premium for ever, revenue 0.0
    subscription monthly t2 until 2026-01-01T00:10:00
    purchase coins c1
  · u1 non_subscription_purchase 2026-01-01T00:05:00: coins c1 until null, price 9.99, proceeds 6.993, revenue 0.0, payments 1
  · u1 access_level_updated 2026-01-01T00:05:00: premium active, coins c1, until null, will_renew false, reason null, is_lifetime
at 2026-01-01T00:10:00
at 2026-01-02T00:10:00
  · u1 subscription_expired 2026-01-01T00:10:00 (told 2026-01-02T00:10:00): monthly t2 until 2026-01-01T00:10:00, price 9.99, revenue 0.0, payments 2, reason unknown
u1 is read
  → 200, premium for ever, revenue 0.0
    subscription monthly t2 until 2026-01-01T00:10:00
    purchase coins c1
