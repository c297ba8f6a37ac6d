"""Adds integration identifiers to a customer's profile, with the library `requests`.

    python3 examples/identifiers.py SECRET_KEY [CUSTOMER_USER_ID] [BURSAR_URL]

The secret key is printed on the server's first run; a public key works too. Each value can also be set in the
environment: BURSAR_URL (default http://127.0.0.1:8080), BURSAR_SECRET_KEY, CUSTOMER_USER_ID (default user-1).

Compared with a call to the original service, only the host and the key differ. The profile must exist: create it
with POST /api/v2/server-side-api/profile/ and the same headers.
"""

import os
import sys

import requests

NAMES = [
    "adjust_device_id",
    "airbridge_device_id",
    "amplitude_device_id",
    "amplitude_user_id",
    "appmetrica_device_id",
    "appmetrica_profile_id",
    "appsflyer_id",
    "branch_id",
    "facebook_anonymous_id",
    "firebase_app_instance_id",
    "mixpanel_user_id",
    "one_signal_subscription_id",
    "pushwoosh_hwid",
]


def setting(place, name, default=None):
    """The argument at this place, else the environment variable, else the default."""
    value = sys.argv[place] if len(sys.argv) > place else os.environ.get(name, default)
    if not value:
        sys.exit(f"give argument {place} or set {name}")
    return value


api_key = setting(1, "BURSAR_SECRET_KEY")
customer_user_id = setting(2, "CUSTOMER_USER_ID", "user-1")
base_url = setting(3, "BURSAR_URL", "http://127.0.0.1:8080")

response = requests.post(
    f"{base_url}/api/v2/server-side-api/integration/profile/set/integration-identifiers/",
    headers={
        "Authorization": f"Api-Key {api_key}",
        "adapty-customer-user-id": customer_user_id,
        "adapty-platform": "iOS",
    },
    json={name: f"example_{name}" for name in NAMES},
    timeout=30,
)
print(response.text)
sys.exit(0 if response.ok else 1)
