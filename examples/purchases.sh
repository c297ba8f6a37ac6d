#!/usr/bin/env bash
# Reports a subscription for a customer, gives and takes away an access level, reads the profile; with curl.
#
#   bash examples/purchases.sh SECRET_KEY [CUSTOMER_USER_ID] [BURSAR_URL]
#
# The secret key is printed on the server's first run; a public key does not do here. Each value can also be set in
# the environment: BURSAR_URL (default http://127.0.0.1:8080), BURSAR_SECRET_KEY, CUSTOMER_USER_ID (default user-1).
#
# Compared with a call to the original service, only the host and the key differ. The profile must exist:
#   curl -X POST "$BURSAR_URL/api/v2/server-side-api/profile/" \
#     -H "Authorization: Api-Key $BURSAR_SECRET_KEY" -H "adapty-customer-user-id: $CUSTOMER_USER_ID"
set -euo pipefail

api_key=${1:-${BURSAR_SECRET_KEY:?give the key as the first argument or in BURSAR_SECRET_KEY}}
customer_user_id=${2:-${CUSTOMER_USER_ID:-user-1}}
base_url=${3:-${BURSAR_URL:-http://127.0.0.1:8080}}

call() { # PATH [CURL OPTION]...
  local path=$1
  shift
  curl --location --silent --show-error --fail-with-body "$base_url/api/v2/server-side-api/$path" \
    --header "Authorization: Api-Key $api_key" \
    --header "adapty-customer-user-id: $customer_user_id" \
    --header 'Content-Type: application/json' "$@"
  echo
}

# A renewal is another store_transaction_id under the same store_original_transaction_id; the same id again
# replaces what was reported. The end is far ahead whenever you try this.
call purchase/set/transaction/ --data "{
  \"purchase_type\": \"subscription\",
  \"store\": \"stripe\",
  \"store_product_id\": \"example_monthly\",
  \"store_transaction_id\": \"example-$customer_user_id-1\",
  \"store_original_transaction_id\": \"example-$customer_user_id-1\",
  \"price\": {\"country\": \"US\", \"currency\": \"USD\", \"value\": 9.99},
  \"purchased_at\": \"2026-01-01T00:00:00Z\",
  \"originally_purchased_at\": \"2026-01-01T00:00:00Z\",
  \"expires_at\": \"2099-02-01T00:00:00Z\",
  \"renew_status\": true
}"

# Without expires_at the level is given for ever; without revoke_at it is taken away now.
call purchase/profile/grant/access-level/ --data '{"access_level_id": "premium"}'
call purchase/profile/revoke/access-level/ --data '{"access_level_id": "premium"}'

call profile/
