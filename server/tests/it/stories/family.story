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
