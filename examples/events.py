"""Prints the events of an app, the oldest first, one a line, page by page; with `requests`.

    python3 examples/events.py ADMIN_TOKEN APP_ID [BURSAR_URL] [AFTER]

The admin token and the app's id are printed on the server's first run. AFTER, such as 2026-01-01T00:00:00Z, leaves out
what was made before. Each value can also be set in the environment: BURSAR_ADMIN_TOKEN, BURSAR_APP_ID, BURSAR_URL
(default http://127.0.0.1:8080), AFTER.

The original service has no such call: it only sends events. `payload` is what its webhook would have sent.
"""

import json
import os
import sys

import requests


def setting(place, name, default=None):
    """The argument at this place, else the environment variable, else the default."""
    value = sys.argv[place] if len(sys.argv) > place else os.environ.get(name, default)
    if not value:
        sys.exit(f"give argument {place} or set {name}")
    return value


token = setting(1, "BURSAR_ADMIN_TOKEN")
app_id = setting(2, "BURSAR_APP_ID")
base_url = setting(3, "BURSAR_URL", "http://127.0.0.1:8080")
after = setting(4, "AFTER", "2000-01-01T00:00:00Z")

parameters = {"order": "asc", "limit": 100, "after": after}
while True:
    response = requests.get(
        f"{base_url}/admin/v1/apps/{app_id}/events",
        headers={"Authorization": f"Bearer {token}"},
        params=parameters,
        timeout=30,
    )
    if not response.ok:
        print(response.text)
        sys.exit(1)
    page = response.json()
    for event in page["data"]:
        print(json.dumps({"event_type": event["event_type"], "payload": event["payload"]}))
    if page["next_cursor"] is None:
        break
    parameters["cursor"] = page["next_cursor"]
