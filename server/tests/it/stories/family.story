# Somebody of the family paid: access, and nothing else.

the webhook is on
at 2026-01-01
u1 appears
u1 reports monthly t1, family, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 0.0
    subscription monthly t1 until 2026-02-01
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-01-10
u1 reports t1 again, cancelled 2026-01-10
  → 200, premium until 2026-02-01, revenue 0.0
    subscription monthly t1 until 2026-02-01, cancelled 2026-01-10
  · u1 access_level_updated 2026-01-10: premium active, monthly t1, until 2026-02-01, will_renew false, reason null
at 2026-02-01
  · u1 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew false, reason null
u1 reports monthly t2 of t1, family, until 2026-03-01
  → 200, premium until 2026-03-01, revenue 0.0
    subscription monthly t2 until 2026-03-01
  · u1 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null
at 2026-03-01
  · u1 access_level_updated 2026-03-01: premium inactive, monthly t2, until 2026-03-01, will_renew true, reason null
at 2026-05-01
u1 is read
  → 200, premium ended 2026-03-01, revenue 0.0
    subscription monthly t2 until 2026-03-01

# Under the payer's id: the payer's subscription goes on as if nothing had been said.
the app has {"sharing": "disabled"}
u2 appears
u3 appears
u2 reports monthly v1, until 2026-06-01
  → 200, premium until 2026-06-01, revenue 9.99
    subscription monthly v1 until 2026-06-01
  · u2 subscription_started 2026-05-01: monthly v1 until 2026-06-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u2 access_level_updated 2026-05-01: premium active, monthly v1, until 2026-06-01, will_renew true, reason null
at 2026-05-02
u3 reports monthly f1 of v1, family, from 2026-05-02, until 2026-06-02
  → 200, premium until 2026-06-02, revenue 0.0
    subscription monthly f1 until 2026-06-02
  · u3 access_level_updated 2026-05-02: premium active, monthly f1, until 2026-06-02, will_renew true, reason null
u3 reports v1 again, family
  → 200, premium until 2026-06-02, revenue 0.0
    subscription monthly f1 until 2026-06-02
u2 is read
  → 200, premium until 2026-06-01, revenue 9.99
    subscription monthly v1 until 2026-06-01
u3 is read
  → 200, premium until 2026-06-02, revenue 0.0
    subscription monthly f1 until 2026-06-02
at 2026-06-01
  · u2 access_level_updated 2026-06-01: premium inactive, monthly v1, until 2026-06-01, will_renew true, reason null
at 2026-06-10
  · u2 subscription_expired 2026-06-01 (told 2026-06-10): monthly v1 until 2026-06-01, price 9.99, revenue 9.99, payments 1, reason unknown
  · u3 access_level_updated 2026-06-10: premium inactive, monthly f1, until 2026-06-02, will_renew true, reason null
