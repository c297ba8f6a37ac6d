# Ends are moved, and subscriptions are ended at once.

the webhook is on
at 2026-01-01
u1 appears
u1 reports monthly t1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
# A few days as a present.
at 2026-01-10
u1 reports t1 again, until 2026-02-05
  → 200, premium until 2026-02-05, revenue 9.99
    subscription monthly t1 until 2026-02-05
  · u1 access_level_updated 2026-01-10: premium active, monthly t1, until 2026-02-05, will_renew true, reason null
at 2026-02-01
# Ended and closed; then the store changes its mind.
at 2026-02-07
  · u1 subscription_expired 2026-02-05 (told 2026-02-07): monthly t1 until 2026-02-05, price 9.99, revenue 9.99, payments 1, reason unknown
  · u1 access_level_updated 2026-02-07: premium inactive, monthly t1, until 2026-02-05, will_renew false, reason null
u1 reports t1 again, until 2026-02-20
  → 200, premium until 2026-02-20, revenue 9.99
    subscription monthly t1 until 2026-02-20
  · u1 access_level_updated 2026-02-07: premium active, monthly t1, until 2026-02-20, will_renew true, reason null
at 2026-02-10
# Cancelled at once: the end is now.
u1 reports t1 again, cancelled 2026-02-09, until 2026-02-10
  → 200, premium ended 2026-02-10, revenue 9.99
    subscription monthly t1 until 2026-02-10, cancelled 2026-02-09
  · u1 subscription_renewal_cancelled 2026-02-09 (told 2026-02-10): monthly t1 until 2026-02-10, price 9.99, revenue 9.99, payments 1
  · u1 subscription_expired 2026-02-10: monthly t1 until 2026-02-10, price 9.99, revenue 9.99, payments 1, reason voluntarily_cancelled
  · u1 access_level_updated 2026-02-10: premium inactive, monthly t1, until 2026-02-10, will_renew false, reason null
at 2026-03-01

# Cancelled first, ended at once later.
u2 appears
u2 reports monthly v1, until 2026-04-01
  → 200, premium until 2026-04-01, revenue 9.99
    subscription monthly v1 until 2026-04-01
  · u2 subscription_started 2026-03-01: monthly v1 until 2026-04-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u2 access_level_updated 2026-03-01: premium active, monthly v1, until 2026-04-01, will_renew true, reason null
at 2026-03-05
u2 reports v1 again, cancelled 2026-03-05
  → 200, premium until 2026-04-01, revenue 9.99
    subscription monthly v1 until 2026-04-01, cancelled 2026-03-05
  · u2 subscription_renewal_cancelled 2026-03-05: monthly v1 until 2026-04-01, price 9.99, revenue 9.99, payments 1
  · u2 access_level_updated 2026-03-05: premium active, monthly v1, until 2026-04-01, will_renew false, reason null
at 2026-03-06
u2 reports v1 again, until 2026-03-06
  → 200, premium ended 2026-03-06, revenue 9.99
    subscription monthly v1 until 2026-03-06, cancelled 2026-03-05
  · u2 subscription_expired 2026-03-06: monthly v1 until 2026-03-06, price 9.99, revenue 9.99, payments 1, reason voluntarily_cancelled
  · u2 access_level_updated 2026-03-06: premium inactive, monthly v1, until 2026-03-06, will_renew false, reason null
# Renewing is switched on for what has ended: nothing.
u2 reports v1 again, renewing 2026-03-06
  → 200, premium ended 2026-03-06, revenue 9.99
    subscription monthly v1 until 2026-03-06
at 2026-04-02

# A transaction belongs to another chain after all.
u3 appears
u3 reports monthly w1, until 2026-05-02
  → 200, premium until 2026-05-02, revenue 9.99
    subscription monthly w1 until 2026-05-02
  · u3 subscription_started 2026-04-02: monthly w1 until 2026-05-02, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u3 access_level_updated 2026-04-02: premium active, monthly w1, until 2026-05-02, will_renew true, reason null
u3 reports monthly w2 of w9, from 2026-04-02, until 2026-05-02
  → 200, premium until 2026-05-02, revenue 19.98
    subscription monthly w1 until 2026-05-02
    subscription monthly w2 until 2026-05-02
  · u3 subscription_started 2026-04-02: monthly w2 until 2026-05-02, price 9.99, proceeds 6.993, revenue 19.98, payments 1
u3 reports monthly w2 of w1, from 2026-04-02, until 2026-06-02
  → 200, premium until 2026-06-02, revenue 19.98
    subscription monthly w2 until 2026-06-02
  · u3 access_level_updated 2026-04-02: premium active, monthly w2, until 2026-06-02, will_renew true, reason null
u3 is read
  → 200, premium until 2026-06-02, revenue 19.98
    subscription monthly w2 until 2026-06-02

# The same transaction as a purchase of another type is refused; so is a refund without its reason.
at 2026-04-03
u3 reports w1 again, once
  → 400 validation_error (purchase_type)
u3 reports w1 again, refunded 2026-04-03, because unknown
  → 400 refund_fields_error (refunded_at)

# A change of product is reported with a wrong date: it came before. What it cut short goes on, as it was reported.
at 2026-04-10
u4 appears
u4 reports monthly x1, first bought 2026-04-01, until 2026-05-10
  → 200, premium until 2026-05-10, revenue 9.99
    subscription monthly x1 until 2026-05-10
  · u4 subscription_started 2026-04-10: monthly x1 until 2026-05-10, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u4 access_level_updated 2026-04-10: premium active, monthly x1, until 2026-05-10, will_renew true, reason null
at 2026-04-12
u4 reports weekly x2 of x1, until 2026-04-19
  → 200, premium until 2026-04-19, revenue 19.98
    subscription weekly x2 until 2026-04-19
  · u4 subscription_refunded 2026-04-12: monthly x1 until 2026-04-12, price -9.99, proceeds -6.993, revenue 19.98, payments 1, reason upgraded
  · u4 subscription_started 2026-04-12: weekly x2 until 2026-04-19, price 9.99, proceeds 6.993, revenue 19.98, payments 1
  · u4 access_level_updated 2026-04-12: premium inactive, monthly x1, until 2026-04-12, will_renew false, reason null
  · u4 access_level_updated 2026-04-12: premium active, weekly x2, until 2026-04-19, will_renew true, reason null
u4 reports x2 again, from 2026-04-01, until 2026-04-08
  → 200, premium until 2026-05-10, revenue 19.98
    subscription monthly x1 until 2026-05-10
  · u4 access_level_updated 2026-04-12: premium active, monthly x1, until 2026-05-10, will_renew true, reason null
# Another one is of another subscription, to which it moves.
u4 reports weekly x3 of x1, until 2026-04-19
  → 200, premium until 2026-04-19, revenue 29.97
    subscription weekly x3 until 2026-04-19
  · u4 subscription_started 2026-04-12: weekly x3 until 2026-04-19, price 9.99, proceeds 6.993, revenue 29.97, payments 1
  · u4 access_level_updated 2026-04-12: premium inactive, monthly x1, until 2026-04-12, will_renew false, reason null
  · u4 access_level_updated 2026-04-12: premium active, weekly x3, until 2026-04-19, will_renew true, reason null
u4 reports weekly x3 of x3, until 2026-04-19
  → 200, premium until 2026-05-10, revenue 29.97
    subscription monthly x1 until 2026-05-10
    subscription weekly x3 until 2026-04-19
  · u4 access_level_updated 2026-04-12: premium active, monthly x1, until 2026-05-10, will_renew true, reason null
