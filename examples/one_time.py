"""Reports a one-time purchase and its refund, and says how Apple is to be answered; with `requests`.

    python3 examples/one_time.py SECRET_KEY [CUSTOMER_USER_ID] [BURSAR_URL]

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


# Both transaction ids are the same, and there is no end: what is not consumable gives its level for ever.
purchase = {
    "purchase_type": "one_time_purchase",
    "store": "app_store",
    "store_product_id": "example_lifetime",
    "store_transaction_id": f"example-{customer_user_id}-once",
    "store_original_transaction_id": f"example-{customer_user_id}-once",
    "price": {"country": "US", "currency": "USD", "value": 49.99},
    "purchased_at": "2026-01-01T00:00:00Z",
}
call("POST", "purchase/set/transaction/", purchase)

# A report is the whole state of the transaction, so a refund is the same with two fields more.
refund = {"refunded_at": "2026-01-02T00:00:00Z", "cancellation_reason": "refund"}
call("POST", "purchase/set/transaction/", purchase | refund)

# What Apple is told when the customer asks for money back. A field that is not sent keeps its value.
settings = "purchase/profile/refund-saver/settings/"
call("POST", settings, {"custom_preference": "decline", "consent": True})
call("GET", settings)
