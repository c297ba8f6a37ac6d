"""Amplitude: the HTTP V2 API, by `amplitude-analytics`."""

from amplitude import Amplitude, BaseEvent, Config

from vendors import Case

# Fields that the SDK names differently in Python than on the wire.
NAMES = {"productId": "product_id"}


def send(url, ours):
    body = ours.body
    [event] = body["events"]
    config = Config(
        server_url=url + ours.path,
        min_id_length=body["options"]["min_id_length"],
        flush_max_retries=1,
        flush_interval_millis=200,
    )
    client = Amplitude(body["api_key"], config)
    client.track(BaseEvent(**{NAMES.get(name, name): value for name, value in event.items()}))
    for sent in client.flush():
        sent.result()
    client.shutdown()


CASES = [
    Case(
        name="event",
        send=send,
        dedup="body.events/0.insert_id",
        answer={"code": 200},
        meant={"body.events/0.library": "the SDK names itself; we are none of Amplitude's libraries"},
    )
]
