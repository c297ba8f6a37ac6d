"""Sends one event through a vendor's official SDK to a server of ours, and compares our golden request with it.

Usage: main.py SLUG. Exit code 1: they differ in a way that is not listed.
"""

import importlib
import sys

import golden
from capture import Capture
from compare import judge


def main(slug):
    vendor = importlib.import_module(f"vendors.{slug}")
    failed = False
    for case in vendor.CASES:
        ours = golden.request(slug, case.event, case.heading, case.number)
        with Capture(case.answer) as capture:
            case.send(capture.url, ours)
        if len(capture.sent) != 1:
            faults = [f"the SDK made {len(capture.sent)} requests, not one"]
        else:
            theirs = case.read(capture.sent[0])
            faults = judge(case.read_ours(ours), theirs, case.dedup, case.meant)
        failed |= bool(faults)
        print(f"{slug}, {case.name}: {'DIFFERENT' if faults else 'as the SDK sends it'}")
        for fault in faults:
            print(f"  {fault}")
        for where, reason in [] if faults else case.meant.items():
            print(f"  meant: {where}: {reason}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
