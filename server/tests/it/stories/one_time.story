# Purchases that are made once, and coins that are bought again and again.

the webhook is on
product app_store/coins is consumable
level gold
product app_store/gold_pass gives gold
at 2026-01-01
u1 appears
u1 reports lifetime l1, once, 99.99 USD
  → 200, premium for ever, revenue 99.99
    purchase lifetime l1
  · u1 non_subscription_purchase 2026-01-01: lifetime l1 until null, price 99.99, proceeds 69.993, revenue 99.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, lifetime l1, until null, will_renew false, reason null, is_lifetime
u1 reports coins c1, once, 4.99 USD
  → 200, premium for ever, revenue 104.98
    purchase lifetime l1
    purchase coins c1 is_consumable
  · u1 non_subscription_purchase 2026-01-01: coins c1 until null, price 4.99, proceeds 3.493, revenue 104.98, payments 1
u1 reports coins c2, once, 4.99 USD
  → 200, premium for ever, revenue 109.97
    purchase lifetime l1
    purchase coins c1 is_consumable
    purchase coins c2 is_consumable
  · u1 non_subscription_purchase 2026-01-01: coins c2 until null, price 4.99, proceeds 3.493, revenue 109.97, payments 1
u1 reports gold_pass g1, once, 19.99 USD
  → 200, gold for ever, premium for ever, revenue 129.96
    purchase lifetime l1
    purchase coins c1 is_consumable
    purchase coins c2 is_consumable
    purchase gold_pass g1
  · u1 non_subscription_purchase 2026-01-01: gold_pass g1 until null, price 19.99, proceeds 13.993, revenue 129.96, payments 1
  · u1 access_level_updated 2026-01-01: gold active, gold_pass g1, until null, will_renew false, reason null, is_lifetime
at 2026-01-05
u1 reports c1 again, refunded 2026-01-04
  → 200, gold for ever, premium for ever, revenue 124.97
    purchase lifetime l1
    purchase coins c1 is_consumable is_refund
    purchase coins c2 is_consumable
    purchase gold_pass g1
  · u1 non_subscription_purchase_refunded 2026-01-04 (told 2026-01-05): coins c1 until null, price -4.99, proceeds -3.493, revenue 124.97, payments 1, reason refund
at 2026-01-06
u1 reports l1 again, refunded 2026-01-06
  → 200, gold for ever, premium ended 2026-01-06, revenue 24.98
    purchase lifetime l1 is_refund
    purchase coins c1 is_consumable is_refund
    purchase coins c2 is_consumable
    purchase gold_pass g1
  · u1 non_subscription_purchase_refunded 2026-01-06: lifetime l1 until null, price -99.99, proceeds -69.993, revenue 24.98, payments 1, reason refund
  · u1 access_level_updated 2026-01-06: premium inactive, lifetime l1, until 2026-01-06, will_renew false, reason refund, is_refund
at 2026-01-07
u1 reports l1 again, not refunded
  → 200, gold for ever, premium for ever, revenue 124.97
    purchase lifetime l1
    purchase coins c1 is_consumable is_refund
    purchase coins c2 is_consumable
    purchase gold_pass g1
  · u1 access_level_updated 2026-01-07: premium active, lifetime l1, until null, will_renew false, reason null, is_lifetime
# Refunded before anybody told of the purchase.
u1 reports coins c3, once, 4.99 USD, from 2026-01-03, refunded 2026-01-06
  → 200, gold for ever, premium for ever, revenue 124.97
    purchase lifetime l1
    purchase coins c1 is_consumable is_refund
    purchase coins c2 is_consumable
    purchase gold_pass g1
    purchase coins c3 is_consumable is_refund
  · u1 non_subscription_purchase 2026-01-03 (told 2026-01-07): coins c3 until null, price 4.99, proceeds 3.493, revenue 124.97, payments 1
  · u1 non_subscription_purchase_refunded 2026-01-06 (told 2026-01-07): coins c3 until null, price -4.99, proceeds -3.493, revenue 124.97, payments 1, reason refund
u1 is read
  → 200, gold for ever, premium for ever, revenue 124.97
    purchase lifetime l1
    purchase coins c1 is_consumable is_refund
    purchase coins c2 is_consumable
    purchase gold_pass g1
    purchase coins c3 is_consumable is_refund
