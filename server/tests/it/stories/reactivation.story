# Cancelled, then renewed with another product.

the webhook is on
at 2026-01-01
u1 appears
u1 reports monthly t1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-01-10
u1 reports t1 again, cancelled 2026-01-10
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01, cancelled 2026-01-10
  · u1 subscription_renewal_cancelled 2026-01-10: monthly t1 until 2026-02-01, price 9.99, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-10: premium active, monthly t1, until 2026-02-01, will_renew false, reason null
at 2026-01-20
u1 reports t1 again, renewing 2026-01-20
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_renewal_reactivated 2026-01-20: monthly t1 until 2026-02-01, price 9.99, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-20: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-02-01
  · u1 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null
u1 reports yearly t2 of t1, 89.99 USD, until 2027-02-01
  → 200, premium until 2027-02-01, revenue 99.98
    subscription yearly t2 until 2027-02-01
  · u1 subscription_renewed 2026-02-01: yearly t2 until 2027-02-01, price 89.99, proceeds 62.993, revenue 99.98, payments 2
  · u1 access_level_updated 2026-02-01: premium active, yearly t2, until 2027-02-01, will_renew true, reason null

# Come back after a month away, with another product and then the same.
u2 appears
u2 reports monthly v1, until 2026-03-01
  → 200, premium until 2026-03-01, revenue 9.99
    subscription monthly v1 until 2026-03-01
  · u2 subscription_started 2026-02-01: monthly v1 until 2026-03-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u2 access_level_updated 2026-02-01: premium active, monthly v1, until 2026-03-01, will_renew true, reason null
at 2026-02-02
u2 reports v1 again, cancelled 2026-02-01T10:00:00
  → 200, premium until 2026-03-01, revenue 9.99
    subscription monthly v1 until 2026-03-01, cancelled 2026-02-01T10:00:00
  · u2 subscription_renewal_cancelled 2026-02-01T10:00:00 (told 2026-02-02): monthly v1 until 2026-03-01, price 9.99, revenue 9.99, payments 1
  · u2 access_level_updated 2026-02-02: premium active, monthly v1, until 2026-03-01, will_renew false, reason null
at 2026-03-01
  · u2 subscription_expired 2026-03-01: monthly v1 until 2026-03-01, price 9.99, revenue 9.99, payments 1, reason voluntarily_cancelled
  · u2 access_level_updated 2026-03-01: premium inactive, monthly v1, until 2026-03-01, will_renew false, reason null
at 2026-04-01
u2 reports yearly v2 of v1, 89.99 USD, until 2027-04-01
  → 200, premium until 2027-04-01, revenue 99.98
    subscription yearly v2 until 2027-04-01
  · u2 subscription_renewed 2026-04-01: yearly v2 until 2027-04-01, price 89.99, proceeds 62.993, revenue 99.98, payments 1
  · u2 access_level_updated 2026-04-01: premium active, yearly v2, until 2027-04-01, will_renew true, reason null
at 2026-04-02
u2 reports v2 again, cancelled 2026-04-01T12:00:00
  → 200, premium until 2027-04-01, revenue 99.98
    subscription yearly v2 until 2027-04-01, cancelled 2026-04-01T12:00:00
  · u2 subscription_renewal_cancelled 2026-04-01T12:00:00 (told 2026-04-02): yearly v2 until 2027-04-01, price 89.99, revenue 99.98, payments 1
  · u2 access_level_updated 2026-04-02: premium active, yearly v2, until 2027-04-01, will_renew false, reason null
at 2027-04-01
  · u1 subscription_expired 2027-02-01 (told 2027-04-01): yearly t2 until 2027-02-01, price 89.99, revenue 99.98, payments 2, reason unknown
  · u1 access_level_updated 2027-04-01: premium inactive, yearly t2, until 2027-02-01, will_renew false, reason null
  · u2 subscription_expired 2027-04-01: yearly v2 until 2027-04-01, price 89.99, revenue 99.98, payments 1, reason voluntarily_cancelled
  · u2 access_level_updated 2027-04-01: premium inactive, yearly v2, until 2027-04-01, will_renew false, reason null
at 2027-06-01
u2 reports yearly v3 of v1, 89.99 USD, until 2028-06-01
  → 200, premium until 2028-06-01, revenue 189.97
    subscription yearly v3 until 2028-06-01
  · u2 subscription_renewed 2027-06-01: yearly v3 until 2028-06-01, price 89.99, proceeds 62.993, revenue 189.97, payments 1
  · u2 access_level_updated 2027-06-01: premium active, yearly v3, until 2028-06-01, will_renew true, reason null
