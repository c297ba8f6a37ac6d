"""One file for each vendor with an official SDK: `CASES`, what to send through it and what is meant to differ."""

from dataclasses import dataclass, field
from typing import Callable, Optional


@dataclass
class Case:
    """A golden request and the call of the SDK that makes the same one."""

    name: str
    # Takes the capturing server's address and our request; calls the SDK with the values that ours has.
    send: Callable
    # The field by which the vendor tells repeats, if it does.
    dedup: Optional[str]
    # Differences that are meant: a pattern of places → the reason.
    meant: dict = field(default_factory=dict)
    event: str = "subscription_started"
    heading: str = "everything is known"
    # Which request below the heading.
    number: int = 0
    # What the capturing server answers, so that the SDK is content.
    answer: dict = field(default_factory=dict)
    # Opens what a form wraps as text, so that what is in it can be compared.
    read: Callable = lambda sent: sent
    read_ours: Callable = lambda sent: sent
