# Foreign money, with a rate and without one. A rate that is known later changes no event.

the webhook is on
EUR is worth 1.08 from 2025-12-01
EUR is worth 1.10 from 2026-02-01
at 2026-01-01
u1 appears
u1 reports monthly t1, 10 EUR, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 10.8
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 10.8, proceeds 7.56, revenue 10.8, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-02-01
  · u1 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null
u1 reports monthly t2 of t1, 10 EUR, until 2026-03-01
  → 200, premium until 2026-03-01, revenue 21.8
    subscription monthly t2 until 2026-03-01
  · u1 subscription_renewed 2026-02-01: monthly t2 until 2026-03-01, price 11.0, proceeds 7.7, revenue 21.8, payments 2
  · u1 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null
u1 reports t1 again, refunded 2026-02-01
  → 200, premium until 2026-03-01, revenue 11.0
    subscription monthly t2 until 2026-03-01
  · u1 subscription_refunded 2026-02-01: monthly t1 until 2026-02-01, price -10.8, proceeds -7.56, revenue 11.0, payments 2, reason refund
u2 appears
u2 reports monthly v1, 1000 XTS, until 2026-03-01
  → 200, premium until 2026-03-01, revenue 0.0
    subscription monthly v1 until 2026-03-01
  · u2 subscription_started 2026-02-01: monthly v1 until 2026-03-01, price null, proceeds null, revenue 0.0, payments 1
  · u2 access_level_updated 2026-02-01: premium active, monthly v1, until 2026-03-01, will_renew true, reason null
XTS is worth 0.0067 from 2026-01-01
at 2026-03-01
  · u1 access_level_updated 2026-03-01: premium inactive, monthly t2, until 2026-03-01, will_renew true, reason null
  · u2 access_level_updated 2026-03-01: premium inactive, monthly v1, until 2026-03-01, will_renew true, reason null
u2 reports v1 again
  → 200, premium ended 2026-03-01, revenue 6.7
    subscription monthly v1 until 2026-03-01
u2 reports monthly v2 of v1, 1000 XTS, until 2026-04-01
  → 200, premium until 2026-04-01, revenue 13.4
    subscription monthly v2 until 2026-04-01
  · u2 subscription_renewed 2026-03-01: monthly v2 until 2026-04-01, price 6.7, proceeds 4.69, revenue 13.4, payments 2
  · u2 access_level_updated 2026-03-01: premium active, monthly v2, until 2026-04-01, will_renew true, reason null
