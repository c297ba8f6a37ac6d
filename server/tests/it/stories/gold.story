# Two subscriptions give one level: the later end counts. A product gives another level, another one none.

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
u1 reports yearly v1, 89.99 USD, store play_store, until 2027-01-01
  → 200, premium until 2027-01-01, revenue 99.98
    subscription monthly t1 until 2026-02-01
    subscription yearly v1 until 2027-01-01
  · u1 subscription_started 2026-01-01: yearly v1 until 2027-01-01, price 89.99, proceeds 76.4915, revenue 99.98, payments 1
  · u1 access_level_updated 2026-01-01: premium active, yearly v1, until 2027-01-01, will_renew true, reason null
u1 reports gold g1, 49.99 USD, until 2026-02-01
  → 200, gold until 2026-02-01, premium until 2027-01-01, revenue 149.97
    subscription monthly t1 until 2026-02-01
    subscription yearly v1 until 2027-01-01
    subscription gold g1 until 2026-02-01
  · u1 subscription_started 2026-01-01: gold g1 until 2026-02-01, price 49.99, proceeds 34.993, revenue 149.97, payments 1
  · u1 access_level_updated 2026-01-01: gold active, gold g1, until 2026-02-01, will_renew true, reason null
at 2026-02-01
  · u1 access_level_updated 2026-02-01: gold inactive, gold g1, until 2026-02-01, will_renew true, reason null
at 2026-02-02
  · u1 subscription_expired 2026-02-01 (told 2026-02-02): monthly t1 until 2026-02-01, price 9.99, revenue 149.97, payments 1, reason unknown
  · u1 subscription_expired 2026-02-01 (told 2026-02-02): gold g1 until 2026-02-01, price 49.99, revenue 149.97, payments 1, reason unknown
u1 reports v1 again, refunded 2026-02-02
  → 200, gold ended 2026-02-01, premium ended 2026-02-02, revenue 59.98
    subscription monthly t1 until 2026-02-01
    subscription yearly v1 until 2027-01-01, because refund
    subscription gold g1 until 2026-02-01
  · u1 subscription_refunded 2026-02-02: yearly v1 until 2026-02-02, price -89.99, proceeds -76.4915, revenue 59.98, payments 1, reason refund
  · u1 access_level_updated 2026-02-02: premium inactive, yearly v1, until 2026-02-02, will_renew false, reason refund, is_refund
the app has {"unknown_product": "none"}
u1 reports pencil p1, 0.99 USD, until 2026-03-02
  → 200, gold ended 2026-02-01, premium ended 2026-02-02, revenue 60.97
    subscription monthly t1 until 2026-02-01
    subscription yearly v1 until 2027-01-01, because refund
    subscription gold g1 until 2026-02-01
    subscription pencil p1 until 2026-03-02
  · u1 subscription_started 2026-02-02: pencil p1 until 2026-03-02, price 0.99, proceeds 0.693, revenue 60.97, payments 1
