"""The comparison notices what it should."""

import unittest

from capture import Sent
from compare import judge


def sent(body, headers=(("content-type", "application/json"),), url="http://127.0.0.1:1/a?b=1"):
    return Sent("POST", url, headers, body)


class Comparison(unittest.TestCase):
    def faults(self, ours, theirs, dedup=None, meant=None):
        return [fault.split(":")[0] for fault in judge(ours, theirs, dedup, meant or {})]

    def test_equal_requests_have_no_fault(self):
        ours, theirs = sent('{"id": "1", "n": 1}'), sent('{"n": 1.0, "id": "1"}')
        self.assertEqual(self.faults(ours, theirs, "body.id"), [])

    def test_names_types_values_and_lengths_count(self):
        ours = sent('{"a": "1", "b": true, "c": [1], "d": null, "e": {}}')
        theirs = sent('{"a": 1, "b": 1, "c": [1, 2], "e": [], "f": 0}')
        places = ["body.a", "body.b", "body.c", "body.c/1", "body.d", "body.e", "body.f"]
        self.assertEqual(self.faults(ours, theirs), places)

    def test_method_path_query_and_headers_count(self):
        ours = sent("[]", url="http://127.0.0.1:1/a/?c=1")
        theirs = Sent("PUT", "http://127.0.0.1:1/a?b=1", [("content-type", "application/json"), ("X-Key", "k")], "[]")
        self.assertEqual(self.faults(ours, theirs), ["header x-key", "method", "path", "query b", "query c"])

    def test_a_list_of_what_is_meant_is_neither_short_nor_long(self):
        ours, theirs = sent('{"a": 1}'), sent('{"b": 1}')
        self.assertEqual(self.faults(ours, theirs, meant={"body.a": "why", "body.b": "why"}), [])
        self.assertEqual(self.faults(ours, theirs, meant={"body.*": "why", "body.c": "why"}), ["body.c"])

    def test_a_field_against_repeats_must_be_in_both(self):
        ours, theirs = sent('{"id": "1"}'), sent("{}")
        self.assertEqual(self.faults(ours, theirs, "body.id", {"body.id": "why"}), ["body.id"])


if __name__ == "__main__":
    unittest.main()
