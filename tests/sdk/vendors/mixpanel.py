"""Mixpanel: import and profiles, by `mixpanel`."""

import json

from mixpanel import Consumer, Mixpanel

from vendors import Case

SECRET = "s3cr3t-pi"
FORM = {
    "header content-type": "the SDK still sends the older form with `data`; Mixpanel's reference asks for JSON",
}


def client(url):
    consumer = Consumer(
        import_url=url + "/import", people_url=url + "/engage", retry_limit=0
    )
    return Mixpanel(SECRET, consumer=consumer)


def opened(sent):
    """The JSON in the form's `data`, in an array as JSON bodies have it; what stands beside it as our query has it."""
    sent.query = {name: value for name, value in sent.body.items() if name != "data"}
    sent.body = [json.loads(sent.body["data"])]
    return sent


def import_event(url, ours):
    [event] = ours.body
    properties = dict(event["properties"])
    known = properties.pop("distinct_id"), event["event"], properties.pop("time")
    client(url).import_data(None, *known, properties, api_secret=SECRET)


def set_profile(url, ours):
    [update] = ours.body
    client(url).people_set(update["$distinct_id"], update["$set"], meta={"$ip": update["$ip"]})


def charge(url, ours):
    [update] = ours.body
    charged = dict(update["$append"]["$transactions"])
    client(url).people_track_charge(
        update["$distinct_id"], charged.pop("$amount"), charged, meta={"$ip": update["$ip"]}
    )


PROFILE = {
    **FORM,
    "body/0.$time": "when the SDK was called; Mixpanel takes the time of arrival where none is told",
}
CASES = [
    Case(
        name="event",
        heading="everything is known: event",
        send=import_event,
        read=opened,
        dedup="body/0.properties.$insert_id",
        answer={"status": 1},
        meant={
            **FORM,
            "header accept": "the form of answer that Mixpanel's reference shows",
            "query strict": "only with strict=1 Mixpanel says which events it refuses",
            "query verbose": "with strict=1 the answer has all that verbose=1 adds",
            "query ip": "the property `ip` says the same of each event",
            "body/0.properties.token": "the project is known by its secret in Authorization",
            "body/0.properties.mp_lib": "the SDK names itself",
            "body/0.properties.$lib_version": "the SDK names itself",
        },
    ),
    Case(
        name="profile",
        heading="everything is known: profile",
        send=set_profile,
        read=opened,
        dedup=None,
        answer={"status": 1},
        meant=PROFILE,
    ),
    Case(
        name="transaction",
        heading="everything is known: transaction",
        send=charge,
        read=opened,
        dedup=None,
        answer={"status": 1},
        meant=PROFILE,
    ),
]
