"""Webhook: Standard Webhooks, by the specification's own library, `standardwebhooks`: it verifies our signature, and its
own is the same."""

import json
from datetime import datetime, timezone
from unittest import mock
from urllib.request import Request, urlopen

from standardwebhooks import webhooks

from golden import SETTINGS
from vendors import Case

# How far clocks may differ, in seconds.
TOLERANCE = 300


def send(url, ours):
    at, body = int(ours.headers["webhook-timestamp"]), as_sent(ours.body)
    secrets = [SETTINGS["webhook"][name] for name in ["signing_secret", "signing_secret_previous"]]
    for secret in secrets:
        accept(secret, ours.headers, body, at)
        accept(secret, ours.headers, body, at + TOLERANCE)
        accept(secret, ours.headers, body, at - TOLERANCE)
        refuse(secret, ours.headers, body, at + TOLERANCE + 1)
        refuse(secret, ours.headers, body, at - TOLERANCE - 1)
        refuse(secret, ours.headers, body.replace("9.99", "0.99", 1), at)
        refuse(secret, ours.headers | {"webhook-id": "other"}, body, at)
        refuse(secret, ours.headers | {"webhook-timestamp": str(at + 1)}, body, at)
    refuse("whsec_" + "B" * 32, ours.headers, body, at)
    told = datetime.fromtimestamp(at, timezone.utc)
    signatures = [webhooks.Webhook(secret).sign(ours.headers["webhook-id"], told, body) for secret in secrets]
    headers = ours.headers | {"webhook-signature": " ".join(signatures)}
    urlopen(Request(url + ours.path, body.encode(), headers, method="POST")).close()


def as_sent(body):
    """Golden files spread JSON over many lines; it is sent, and signed, without any white space."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def is_accepted(secret, headers, body, now):
    """What the library says at this time."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(now, tz)

    with mock.patch.object(webhooks, "datetime", Clock):
        try:
            webhooks.Webhook(secret).verify(body, headers)
        except webhooks.WebhookVerificationError:
            return False
    return True


def accept(*told):
    if not is_accepted(*told):
        raise AssertionError(f"refused: {told}")


def refuse(*told):
    if is_accepted(*told):
        raise AssertionError(f"accepted: {told}")


CASES = [Case(name="signature", send=send, dedup="header webhook-id")]
