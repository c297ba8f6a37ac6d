"""Reads our golden requests: `domain/tests/golden/integrations/SLUG/EVENT.http`."""

import json
import re
import textwrap
from pathlib import Path
from urllib.parse import urlencode

from capture import Sent

TESTS = Path(__file__).parents[2] / "domain/tests"
FOLDER = TESTS / "golden/integrations"
# What golden requests are made with, by integration.
SETTINGS = {path.stem: json.loads(path.read_text()) for path in (TESTS / "integrations/settings").glob("*.json")}
FIELD = re.compile(r"^\S+ =")
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
    return Sent(method, url, pairs, _form(body) if is_form else body)


def _form(text):
    """A form as it is sent; golden files show a field a line, decoded, and JSON over several lines."""
    lines = textwrap.dedent(text).splitlines()
    starts = [number for number, line in enumerate(lines) if FIELD.match(line)] + [len(lines)]
    fields = []
    for start, end in zip(starts, starts[1:]):
        name, first = lines[start].split(" = ", 1) if " = " in lines[start] else (lines[start][:-2], "")
        value = "\n".join([first, *lines[start + 1 : end]])
        if value[:1] in "[{" and value:
            value = json.dumps(json.loads(value))
        fields.append((name, value))
    return urlencode(fields)
