"""Sets the exchange rates that the European Central Bank has published, with nothing but Python.

    python3 examples/ecb_rates.py ADMIN_TOKEN [BURSAR_URL] [SOURCE]

SOURCE is an address or a file in the bank's form: the rates of the last working day (the default), or for a first time
https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml with those of 90 days. Each value can also be set in the
environment: BURSAR_ADMIN_TOKEN, BURSAR_URL (default http://127.0.0.1:8080), ECB_SOURCE. Run it once a day: the bank
publishes at about 16:00 Central European Time on working days.

The bank tells how much of each currency a euro is worth. Bursar wants dollars for one unit, so the dollar's number is
divided by the currency's.
"""

import json
import os
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree
from decimal import Decimal

DAILY = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"


def setting(place, name, default=None):
    """The argument at this place, else the environment variable, else the default."""
    value = sys.argv[place] if len(sys.argv) > place else os.environ.get(name, default)
    if not value:
        sys.exit(f"give argument {place} or set {name}")
    return value


token = setting(1, "BURSAR_ADMIN_TOKEN")
base_url = setting(2, "BURSAR_URL", "http://127.0.0.1:8080")
source = setting(3, "ECB_SOURCE", DAILY)


def published():
    """What the bank has published."""
    if source.startswith("https://"):
        with urllib.request.urlopen(source, timeout=30) as answer:
            return answer.read()
    with open(source, "rb") as file:
        return file.read()


def days(document):
    """Each day with the worth of a euro in each currency on it, the oldest first."""
    found = []
    for element in xml.etree.ElementTree.fromstring(document).iter():
        if "time" in element.attrib:
            worth = {cube.attrib["currency"]: Decimal(cube.attrib["rate"]) for cube in element}
            found.append((element.attrib["time"], worth))
    return sorted(found)


def put(currency, usd, day):
    """Sets a rate and shows it; a refusal ends the program."""
    body = json.dumps({"usd": f"{usd:.10f}", "from": day}).encode()
    request = urllib.request.Request(
        f"{base_url}/admin/v1/rates/{currency}",
        method="PUT",
        data=body,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
    except urllib.error.HTTPError as refused:
        print(refused.read().decode())
        sys.exit(1)
    print(day, currency, f"{usd:.10f}")


for day, worth in days(published()):
    dollar = worth.pop("USD")
    put("EUR", dollar, day)
    for currency, rate in sorted(worth.items()):
        put(currency, dollar / rate, day)
