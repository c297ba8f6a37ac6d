# Apple pays back a running period; then the refund is withdrawn.

the webhook is on
at 2026-01-01
u1 appears
u1 reports monthly t1, until 2026-02-01
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 subscription_started 2026-01-01: monthly t1 until 2026-02-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-01-01: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-01-10
u1 reports t1 again, refunded 2026-01-09
  → 200, premium ended 2026-01-09, revenue 0.0
    subscription monthly t1 until 2026-02-01, because refund
  · u1 subscription_refunded 2026-01-09 (told 2026-01-10): monthly t1 until 2026-01-09, price -9.99, proceeds -6.993, revenue 0.0, payments 1, reason refund
  · u1 access_level_updated 2026-01-10: premium inactive, monthly t1, until 2026-01-09, will_renew false, reason refund, is_refund
at 2026-01-12
u1 reports t1 again, not refunded
  → 200, premium until 2026-02-01, revenue 9.99
    subscription monthly t1 until 2026-02-01
  · u1 access_level_updated 2026-01-12: premium active, monthly t1, until 2026-02-01, will_renew true, reason null
at 2026-02-01
  · u1 access_level_updated 2026-02-01: premium inactive, monthly t1, until 2026-02-01, will_renew true, reason null
u1 reports monthly t2 of t1, until 2026-03-01
  → 200, premium until 2026-03-01, revenue 19.98
    subscription monthly t2 until 2026-03-01
  · u1 subscription_renewed 2026-02-01: monthly t2 until 2026-03-01, price 9.99, proceeds 6.993, revenue 19.98, payments 2
  · u1 access_level_updated 2026-02-01: premium active, monthly t2, until 2026-03-01, will_renew true, reason null
# A period that is long over: access stays as it is.
at 2026-02-10
u1 reports t1 again, refunded 2026-02-10
  → 200, premium until 2026-03-01, revenue 9.99
    subscription monthly t2 until 2026-03-01
  · u1 subscription_refunded 2026-02-10: monthly t1 until 2026-02-10, price -9.99, proceeds -6.993, revenue 9.99, payments 2, reason refund
# Now the running one; it stays without expiry.
at 2026-02-15
u1 reports t2 again, refunded 2026-02-15
  → 200, premium ended 2026-02-15, revenue 0.0
    subscription monthly t2 until 2026-03-01, because refund
  · u1 subscription_refunded 2026-02-15: monthly t2 until 2026-02-15, price -9.99, proceeds -6.993, revenue 0.0, payments 2, reason refund
  · u1 access_level_updated 2026-02-15: premium inactive, monthly t2, until 2026-02-15, will_renew false, reason refund, is_refund
at 2026-04-01
# A new charge after all.
u1 reports monthly t3 of t1, until 2026-05-01
  → 200, premium until 2026-05-01, revenue 9.99
    subscription monthly t3 until 2026-05-01
  · u1 subscription_renewed 2026-04-01: monthly t3 until 2026-05-01, price 9.99, proceeds 6.993, revenue 9.99, payments 1
  · u1 access_level_updated 2026-04-01: premium active, monthly t3, until 2026-05-01, will_renew true, reason null

# A refund that is known from the beginning.
u2 appears
u2 reports monthly v1, from 2026-03-30, until 2026-04-30, refunded 2026-03-31
  → 200, premium ended 2026-03-31, revenue 0.0
    subscription monthly v1 until 2026-04-30, because refund
  · u2 subscription_started 2026-03-30 (told 2026-04-01): monthly v1 until 2026-04-30, price 9.99, proceeds 6.993, revenue 0.0, payments 1
  · u2 subscription_refunded 2026-03-31 (told 2026-04-01): monthly v1 until 2026-03-31, price -9.99, proceeds -6.993, revenue 0.0, payments 1, reason refund
  · u2 access_level_updated 2026-04-01: premium inactive, monthly v1, until 2026-03-31, will_renew false, reason refund, is_refund

# A trial that is revoked.
u3 appears
u3 reports monthly w1, trial, until 2026-04-08
  → 200, premium until 2026-04-08, revenue 0.0
    subscription monthly w1 until 2026-04-08
  · u3 trial_started 2026-04-01: monthly w1 until 2026-04-08, price null, revenue 0.0, payments 0, trial 7 days
  · u3 access_level_updated 2026-04-01: premium active, monthly w1, until 2026-04-08, will_renew true, reason null
at 2026-04-03
u3 reports w1 again, refunded 2026-04-03
  → 200, premium ended 2026-04-03, revenue 0.0
    subscription monthly w1 until 2026-04-08, because refund
  · u3 trial_expired 2026-04-03: monthly w1 until 2026-04-03, price null, revenue 0.0, payments 0, trial 7 days, reason refund
  · u3 access_level_updated 2026-04-03: premium inactive, monthly w1, until 2026-04-03, will_renew false, reason refund, is_refund
