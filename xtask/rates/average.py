"""Makes the table of shipped exchange rates from what the European Central Bank has published.

    python3 xtask/rates/average.py LAST_MONTH < eurofxref-hist.csv > domain/src/money/exchange_rates.csv

The bank gives that file in https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip. LAST_MONTH, such as 2026-10, is the
last month of which the file has every working day; the first is January 2020.
"""

import csv
import sys
from collections import defaultdict
from decimal import Context, Decimal

FIRST_MONTH = "2020-01"
SIX_DIGITS = Context(prec=6)

last_month = sys.argv[1]
months = defaultdict(lambda: defaultdict(list))
days = list(csv.DictReader(sys.stdin))
for day in days:
    month = day.pop("Date")[:7]
    if FIRST_MONTH <= month <= last_month:
        for currency, worth in day.items():
            if currency and worth != "N/A":
                months[month][currency].append(Decimal(worth))

currencies = sorted({currency for worth in months.values() for currency in worth})
print("# What a euro was worth: averages of the European Central Bank's reference rates over the working days of each month,")
print("# six digits. Source: https://www.ecb.europa.eu/stats/eurofxref/; made by xtask/rates/average.py.")
print(",".join(["month", *currencies]))
for month in sorted(months):
    worth = months[month]
    averages = [sum(worth[currency]) / len(worth[currency]) if worth[currency] else None for currency in currencies]
    cells = ["" if average is None else f"{SIX_DIGITS.plus(average).normalize():f}" for average in averages]
    print(",".join([month, *cells]))
