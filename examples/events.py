"""Prints the events of an app, the oldest first, one a line, page by page; with `requests`.

    python3 examples/events.py ADMIN_TOKEN APP_ID [BURSAR_URL] [AFTER] [SEEN]

The admin token and the app's id are printed on the server's first run. AFTER, such as 2026-01-01T00:00:00Z, leaves out
what was made before. SEEN is a file that keeps what was printed: run again with it, from a timer of yours, the program
prints what is new. Each value can also be set in the environment: BURSAR_ADMIN_TOKEN, BURSAR_APP_ID, BURSAR_URL
(default http://127.0.0.1:8080), AFTER, SEEN.

An event that is dated ahead, such as a renewal that the store tells of a day early, appears later at the place of its
creation. So each run asks again from two days before the newest event on, and drops those that it has printed.

The original service has no such call: it only sends events. `payload` is what its webhook would have sent.
"""

import datetime
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
seen_file = sys.argv[5] if len(sys.argv) > 5 else os.environ.get("SEEN")


def two_days_before(created_at):
    """The time two days before this one, in the same form."""
    form = "%Y-%m-%dT%H:%M:%S.%f%z"
    time = datetime.datetime.strptime(created_at, form)
    return (time - datetime.timedelta(days=2)).strftime(form)


# When each event that was printed was made, by its id.
seen = {}
if seen_file and os.path.exists(seen_file):
    with open(seen_file, encoding="utf-8") as file:
        seen = json.load(file)
if seen:
    after = two_days_before(max(seen.values()))

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
        if event["event_id"] not in seen:
            print(json.dumps({"event_type": event["event_type"], "payload": event["payload"]}))
            seen[event["event_id"]] = event["created_at"]
    if page["next_cursor"] is None:
        break
    parameters["cursor"] = page["next_cursor"]

if seen_file and seen:
    # What is older is not asked for again. Times of the same form are in the order of their texts.
    oldest = two_days_before(max(seen.values()))
    with open(seen_file, "w", encoding="utf-8") as file:
        json.dump({event: made for event, made in seen.items() if made >= oldest}, file)
