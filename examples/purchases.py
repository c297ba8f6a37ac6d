"""Reports a subscription for a customer, gives and takes away an access level, reads the profile; with `requests`.

    python3 examples/purchases.py SECRET_KEY [CUSTOMER_USER_ID] [BURSAR_URL]

The secret key is printed on the server's first run; a public key does not do here. Each value can also be set in the
environment: BURSAR_URL (default http://127.0.0.1:8080), BURSAR_SECRET_KEY, CUSTOMER_USER_ID (default user-1).

Compared with a call to the original service, only the host and the key differ. The profile must exist: create it
with POST /api/v2/server-side-api/profile/ and the same headers.
"""

import os
import sys

import requests


def setting(place, name, default=None):
    """The argument at this place, else the environment variable, else the default."""
    value = sys.argv[place] if len(sys.argv) > place else os.environ.get(name, default)
    if not value:
        sys.exit(f"give argument {place} or set {name}")
    return value


api_key = setting(1, "BURSAR_SECRET_KEY")
customer_user_id = setting(2, "CUSTOMER_USER_ID", "user-1")
base_url = setting(3, "BURSAR_URL", "http://127.0.0.1:8080")


def call(method, path, body=None):
    """Sends a request for the customer and shows the answer; a refusal ends the program."""
    response = requests.request(
        method,
        f"{base_url}/api/v2/server-side-api/{path}",
        headers={"Authorization": f"Api-Key {api_key}", "adapty-customer-user-id": customer_user_id},
        json=body,
        timeout=30,
    )
    print(response.text)
    if not response.ok:
        sys.exit(1)


# A renewal is another store_transaction_id under the same store_original_transaction_id; the same id again replaces
# what was reported. The end is far ahead whenever you try this.
call("POST", "purchase/set/transaction/", {
    "purchase_type": "subscription",
    "store": "stripe",
    "store_product_id": "example_monthly",
    "store_transaction_id": f"example-{customer_user_id}-1",
    "store_original_transaction_id": f"example-{customer_user_id}-1",
    "price": {"country": "US", "currency": "USD", "value": 9.99},
    "purchased_at": "2026-01-01T00:00:00Z",
    "originally_purchased_at": "2026-01-01T00:00:00Z",
    "expires_at": "2099-02-01T00:00:00Z",
    "renew_status": True,
})

# Without expires_at the level is given for ever; without revoke_at it is taken away now.
call("POST", "purchase/profile/grant/access-level/", {"access_level_id": "premium"})
call("POST", "purchase/profile/revoke/access-level/", {"access_level_id": "premium"})

call("GET", "profile/")
