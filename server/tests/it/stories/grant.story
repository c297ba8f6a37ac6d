# Access is granted and revoked; a grant's own end makes no event.

the webhook is on
at 2026-01-01
u1 appears
u1 is granted premium until 2026-02-01
  → 200, premium until 2026-02-01, revenue 0.0
  · u1 access_level_updated 2026-01-01: premium active, granted, until 2026-02-01, will_renew false, reason null
# Longer, then shorter: the later end holds.
u1 is granted premium until 2026-03-01
  → 200, premium until 2026-03-01, revenue 0.0
  · u1 access_level_updated 2026-01-01: premium active, granted, until 2026-03-01, will_renew false, reason null
u1 is granted premium until 2026-01-15
  → 200, premium until 2026-03-01, revenue 0.0
at 2026-01-10
u1 loses premium at 2026-02-20
  → 200, premium until 2026-02-20, revenue 0.0
  · u1 access_level_updated 2026-01-10: premium active, granted, until 2026-02-20, will_renew false, reason adapty_revoked
at 2026-02-20
u1 is read
  → 200, premium ended 2026-02-20, revenue 0.0
# What is over cannot be revoked again.
u1 loses premium
  → 200, premium ended 2026-02-20, revenue 0.0
at 2026-03-01
u1 is granted premium
  → 200, premium for ever, revenue 0.0
  · u1 access_level_updated 2026-03-01: premium active, granted, until null, will_renew false, reason null, is_lifetime
u1 loses premium
  → 200, premium ended 2026-03-01, revenue 0.0
  · u1 access_level_updated 2026-03-01: premium inactive, granted, until 2026-03-01, will_renew false, reason adapty_revoked
# Beginning later.
u1 is granted premium from 2026-04-01 until 2026-05-01
  → 200, premium from 2026-04-01 until 2026-05-01, revenue 0.0
  · u1 access_level_updated 2026-03-01: premium inactive, granted, from 2026-04-01, until 2026-05-01, will_renew false, reason null
at 2026-04-01
u1 is read
  → 200, premium until 2026-05-01, revenue 0.0
at 2026-05-01
u1 is read
  → 200, premium ended 2026-05-01, revenue 0.0
# Refusals.
u1 is granted silver
  → 400 paid_access_level_does_not_exist (non_field_errors)
u1 loses silver
  → 400 paid_access_level_does_not_exist (non_field_errors)
u2 appears
u2 loses premium
  → 400 profile_paid_access_level_does_not_exist (non_field_errors)
u2 is granted premium until 2026-06-01
  → 200, premium until 2026-06-01, revenue 0.0
  · u2 access_level_updated 2026-05-01: premium active, granted, until 2026-06-01, will_renew false, reason null
u2 loses premium at 2026-07-01
  → 400 revocation_date_more_than_expiration_date (revoke_at)
u2 loses premium at 2026-04-01
  → 400 value_error (revoke_at)
