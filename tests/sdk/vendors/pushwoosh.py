"""Pushwoosh: the tags of a device, by `pypushwoosh`. Of events it knows nothing."""

from urllib.parse import urlsplit

from pypushwoosh.client import PushwooshClient
from pypushwoosh.command import SetTagsCommand

from vendors import Case


def send(url, ours):
    request = ours.body["request"]
    client = PushwooshClient()
    client.scheme, client.hostname = "http", urlsplit(url).netloc
    client.invoke(SetTagsCommand(request["application"], request["hwid"], request["tags"]))


CASES = [
    Case(
        name="tags",
        send=send,
        heading="everything is known: tags",
        dedup=None,
        meant={"header authorization": "the SDK sends none; Pushwoosh's reference asks for a token"},
    )
]
