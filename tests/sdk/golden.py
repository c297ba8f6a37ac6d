"""Reads our golden requests: `domain/tests/golden/integrations/SLUG/EVENT.http`."""

import re
from pathlib import Path

from capture import Sent

FOLDER = Path(__file__).parents[2] / "domain/tests/golden/integrations"
FIRST_LINE = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) https?://", re.MULTILINE)


def request(slug, event, heading, number=0):
    """The request `number` (from 0) below `### heading`."""
    text = (FOLDER / slug / f"{event}.http").read_text()
    sections = dict(section.split("\n", 1) for section in text.split("### ") if section.strip())
    section = sections[heading]
    starts = [match.start() for match in FIRST_LINE.finditer(section)] + [len(section)]
    return _parse(section[starts[number] : starts[number + 1]].strip())


def _parse(text):
    head, _, body = text.partition("\n\n")
    first, *headers = head.split("\n")
    method, url = first.split(" ", 1)
    pairs = [header.split(": ", 1) for header in headers]
    is_form = any("form-urlencoded" in value for _, value in pairs)
    return Sent(method, url, pairs, body.replace("\n&", "&") if is_form else body)
