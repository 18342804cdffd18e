"""How fast somebody may try passwords: a few tries for free, then each failure doubles the wait.

Three counters are kept for a try, and each has its own rule:

- the pair of account and address: a person who mistypes, or a thief at one machine;
- the address: one machine that tries many accounts;
- the account: many machines that try one account.

The last one could be used to lock somebody out, so it waits a minute at most; the one before, to lock out a whole
office behind one address. Neither applies to a pair that has signed in before: whoever comes from their usual address
gets in whatever the rest of the world does, and whoever shares it, except by trying that very account from there. Then
any other address is open. What that costs: who shares an address has the pair's free tries at each account known there.
A try that is refused for being too early is not counted, so hammering does not prolong the wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Counter(StrEnum):
    PAIR = "pair"
    ADDRESS = "address"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Rule:
    """`free` failures cost nothing; then the wait doubles from one second to `longest_s`."""

    free: int
    longest_s: int


RULES: dict[Counter, Rule] = {
    Counter.PAIR: Rule(free=5, longest_s=900),
    Counter.ADDRESS: Rule(free=20, longest_s=900),
    Counter.ACCOUNT: Rule(free=30, longest_s=60),
}
FORGET_S = 3600
"""After an hour without a failure everything is forgotten."""
KNOWN_S = 90 * 86400
"""How long a pair that signed in counts as known."""


@dataclass(frozen=True)
class Tries:
    """What a counter remembers. Moments in epoch seconds."""

    failures: int = 0
    last_at: float = 0.0
    known_until: float = 0.0


def wait_s(tries: Tries, rule: Rule, now: float) -> float:
    """Seconds until the next try is allowed; 0 when it is allowed now."""
    over = tries.failures - rule.free
    if over < 0 or now - tries.last_at >= FORGET_S:
        return 0.0
    wait = min(2.0 ** min(over, 30), rule.longest_s)
    return max(0.0, tries.last_at + wait - now)


def counted(tries: Tries, now: float) -> Tries:
    """The counter after one more try; it is taken back when the try succeeds."""
    failures = 0 if now - tries.last_at >= FORGET_S else tries.failures
    return Tries(failures + 1, now, tries.known_until)
