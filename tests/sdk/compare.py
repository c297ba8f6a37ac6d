"""Compares two requests field by field.

Every difference must be listed with a reason, and every listed difference must be there: so the list is neither too
short nor out of date.
"""

from fnmatch import fnmatchcase

# What says how a request travels, not what it says.
TRANSPORT = {"host", "user-agent", "connection", "content-length", "accept-encoding", "date", "transfer-encoding"}


def flat(sent):
    """The request as a table: where it is → (JSON type, value)."""
    table = {"method": _leaf(sent.method), "path": _leaf(sent.path)}
    for name, value in sent.headers.items():
        if name not in TRANSPORT and (name, value) != ("accept", "*/*"):
            table[f"header {name}"] = _leaf(value.split(";")[0].strip() if name == "content-type" else value)
    for name, value in sent.query.items():
        table[f"query {name}"] = _leaf(value)
    _walk("body", sent.body, table)
    return table


def _walk(where, value, table):
    if isinstance(value, dict):
        table[where] = ("object", None)
        for name, inner in value.items():
            _walk(f"{where}.{name}", inner, table)
    elif isinstance(value, list):
        table[where] = ("array", len(value))
        for place, inner in enumerate(value):
            _walk(f"{where}/{place}", inner, table)
    elif value is not None or where != "body":
        table[where] = _leaf(value)


def _leaf(value):
    if value is None:
        return ("null", None)
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, (int, float)):
        return ("number", float(value))
    return ("string", value)


def differences(ours, theirs):
    """Yields (where, what) for each difference."""
    ours, theirs = flat(ours), flat(theirs)
    for where in sorted(ours.keys() | theirs.keys()):
        if where not in theirs:
            yield where, f"only ours: {ours[where]}"
        elif where not in ours:
            yield where, f"only the SDK's: {theirs[where]}"
        elif ours[where] != theirs[where]:
            yield where, f"ours {ours[where]}, the SDK's {theirs[where]}"


def judge(ours, theirs, dedup, meant):
    """Every fault as a line of text. `dedup` is the field by which repeats are told, `meant` a table from patterns of
    places to reasons."""
    faults, used = [], set()
    for where, what in differences(ours, theirs):
        pattern = next((pattern for pattern in meant if fnmatchcase(where, pattern)), None)
        if pattern is None:
            faults.append(f"{where}: {what}")
        used.add(pattern)
    faults += [f"{pattern}: listed as a difference that is meant, but there is none" for pattern in meant.keys() - used]
    for name, sent in [("ours", ours), ("the SDK's", theirs)]:
        if dedup and dedup not in flat(sent):
            faults.append(f"{dedup}: {name} has no field to tell repeats by")
    return faults
