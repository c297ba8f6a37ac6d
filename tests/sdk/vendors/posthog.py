"""PostHog: capture, by `posthog`."""

from posthog import Posthog

from vendors import Case


def send(url, ours):
    [event] = ours.body["batch"]
    client = Posthog(
        ours.body["api_key"],
        host=url + ours.path.removesuffix("/batch/"),
        historical_migration=ours.body["historical_migration"],
        disable_geoip=False,
        max_retries=0,
    )
    names = ("distinct_id", "properties", "timestamp", "uuid")
    client.capture(event["event"], **{name: event[name] for name in names})
    client.shutdown()


CASES = [
    Case(
        name="event",
        send=send,
        dedup="body.batch/0.uuid",
        answer={"status": 1},
        meant={
            "body.batch/0.properties.$lib": "each names itself",
            "body.batch/0.properties.$lib_version": "we name ourselves without a version",
            "body.batch/0.properties.$is_server": "describes the SDK's program, not the customer",
            "body.batch/0.properties.$os*": "describes the machine of the SDK; the customer's is in $set",
            "body.batch/0.properties.$python*": "describes the SDK's program",
            "body.sent_at": "PostHog corrects a device's wrong clock by it; our times are the stores' and need none",
        },
    )
]
