#!/usr/bin/env bash
# Adds integration identifiers to a customer's profile, with curl.
#
#   bash examples/identifiers.sh SECRET_KEY [CUSTOMER_USER_ID] [BURSAR_URL]
#
# The secret key is printed on the server's first run; a public key works too. Each value can also be set in the
# environment: BURSAR_URL (default http://127.0.0.1:8080), BURSAR_SECRET_KEY, CUSTOMER_USER_ID (default user-1).
#
# Compared with a call to the original service, only the host and the key differ. The profile must exist:
#   curl -X POST "$BURSAR_URL/api/v2/server-side-api/profile/" \
#     -H "Authorization: Api-Key $BURSAR_SECRET_KEY" -H "adapty-customer-user-id: $CUSTOMER_USER_ID"
set -euo pipefail

api_key=${1:-${BURSAR_SECRET_KEY:?give the key as the first argument or in BURSAR_SECRET_KEY}}
customer_user_id=${2:-${CUSTOMER_USER_ID:-user-1}}
base_url=${3:-${BURSAR_URL:-http://127.0.0.1:8080}}

curl --location --silent --show-error --fail-with-body \
  "$base_url/api/v2/server-side-api/integration/profile/set/integration-identifiers/" \
  --header "Authorization: Api-Key $api_key" \
  --header "adapty-customer-user-id: $customer_user_id" \
  --header 'adapty-platform: iOS' \
  --header 'Content-Type: application/json' \
  --data '{
    "adjust_device_id": "example_adjust_device_id",
    "airbridge_device_id": "example_airbridge_device_id",
    "amplitude_device_id": "example_amplitude_device_id",
    "amplitude_user_id": "example_amplitude_user_id",
    "appmetrica_device_id": "example_appmetrica_device_id",
    "appmetrica_profile_id": "example_appmetrica_profile_id",
    "appsflyer_id": "example_appsflyer_id",
    "branch_id": "example_branch_id",
    "facebook_anonymous_id": "example_facebook_anonymous_id",
    "firebase_app_instance_id": "example_firebase_app_instance_id",
    "mixpanel_user_id": "example_mixpanel_user_id",
    "one_signal_subscription_id": "example_one_signal_subscription_id",
    "pushwoosh_hwid": "example_pushwoosh_hwid"
  }'
echo
