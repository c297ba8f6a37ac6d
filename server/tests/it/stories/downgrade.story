# Another product from the next period on.

the webhook is on
at 2026-01-01
u1 appears
u1 reports yearly t1, 89.99 USD, until 2027-01-01
  → 200, premium until 2027-01-01, revenue 89.99
    subscription yearly t1 until 2027-01-01
  · u1 subscription_started 2026-01-01: yearly t1 until 2027-01-01, price 89.99, proceeds 62.993, revenue 89.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, yearly t1, until 2027-01-01, will_renew true, reason null
at 2027-01-01
  · u1 access_level_updated 2027-01-01: premium inactive, yearly t1, until 2027-01-01, will_renew true, reason null
u1 reports monthly t2 of t1, until 2027-02-01
  → 200, premium until 2027-02-01, revenue 99.98
    subscription monthly t2 until 2027-02-01
  · u1 subscription_expired 2027-01-01: yearly t1 until 2027-01-01, price 89.99, revenue 99.98, payments 1, reason voluntarily_cancelled
  · u1 subscription_started 2027-01-01: monthly t2 until 2027-02-01, price 9.99, proceeds 8.4915, revenue 99.98, payments 1
  · u1 access_level_updated 2027-01-01: premium active, monthly t2, until 2027-02-01, will_renew true, reason null

# The renewal with the other product comes late, but within the wait for it.
at 2027-02-01T08:00:00
  · u1 access_level_updated 2027-02-01T08:00:00: premium inactive, monthly t2, until 2027-02-01, will_renew true, reason null
u1 reports weekly t3 of t1, 2.99 USD, from 2027-02-01, until 2027-02-08
  → 200, premium until 2027-02-08, revenue 102.97
    subscription weekly t3 until 2027-02-08
  · u1 subscription_expired 2027-02-01 (told 2027-02-01T08:00:00): monthly t2 until 2027-02-01, price 9.99, revenue 102.97, payments 1, reason voluntarily_cancelled
  · u1 subscription_started 2027-02-01 (told 2027-02-01T08:00:00): weekly t3 until 2027-02-08, price 2.99, proceeds 2.5415, revenue 102.97, payments 1
  · u1 access_level_updated 2027-02-01T08:00:00: premium active, weekly t3, until 2027-02-08, will_renew true, reason null
at 2027-02-08
  · u1 access_level_updated 2027-02-08: premium inactive, weekly t3, until 2027-02-08, will_renew true, reason null

# Cancelled, and then the other product: the expiry has been told.
u2 appears
u2 reports yearly v1, 89.99 USD, from 2026-03-01, until 2027-03-01, cancelled 2027-02-01
  → 200, premium until 2027-03-01, revenue 89.99
    subscription yearly v1 until 2027-03-01, cancelled 2027-02-01
  · u2 subscription_started 2026-03-01 (told 2027-02-08): yearly v1 until 2027-03-01, price 89.99, proceeds 62.993, revenue 89.99, payments 1
  · u2 subscription_renewal_cancelled 2027-02-01 (told 2027-02-08): yearly v1 until 2027-03-01, price 89.99, revenue 89.99, payments 1
  · u2 access_level_updated 2027-02-08: premium active, yearly v1, until 2027-03-01, will_renew false, reason null
at 2027-03-01
  · u1 subscription_expired 2027-02-08 (told 2027-03-01): weekly t3 until 2027-02-08, price 2.99, revenue 102.97, payments 1, reason unknown
  · u2 subscription_expired 2027-03-01: yearly v1 until 2027-03-01, price 89.99, revenue 89.99, payments 1, reason voluntarily_cancelled
  · u2 access_level_updated 2027-03-01: premium inactive, yearly v1, until 2027-03-01, will_renew false, reason null
at 2027-03-01T06:00:00
u2 reports monthly v2 of v1, until 2027-04-01
  → 200, premium until 2027-04-01, revenue 99.98
    subscription monthly v2 until 2027-04-01
  · u2 subscription_started 2027-03-01T06:00:00: monthly v2 until 2027-04-01, price 9.99, proceeds 8.4915, revenue 99.98, payments 1
  · u2 access_level_updated 2027-03-01T06:00:00: premium active, monthly v2, until 2027-04-01, will_renew true, reason null
