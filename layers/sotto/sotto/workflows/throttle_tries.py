"""Count tries before they are made, so that a hundred at once are a hundred tries and not one (domain/throttle.py)."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace

from sotto.domain.errors import LimitReached
from sotto.domain.throttle import KNOWN_S, RULES, Counter, Tries, counted, wait_s
from sotto.workflows.identity_ports import Clock, TriesStore

_RACES = 20


@dataclass(frozen=True)
class ThrottleTries:
    store: TriesStore
    clock: Clock

    def begin(self, subject: str, address: str) -> None:
        """Count a try at `subject` (an e-mail address, or what else is tried) from `address`. Raises LimitReached."""
        names = _names(subject, address)
        now = self.clock().timestamp()
        known = self.store.read(names[Counter.PAIR]).known_until > now
        applying = [Counter.PAIR] if known else list(Counter)
        for counter in applying:  # first ask all, so that a refused try is counted nowhere
            _allow(counter, self.store.read(names[counter]), now)
        for counter in applying:
            self._count(counter, names[counter], now)

    def succeeded(self, subject: str, address: str) -> None:
        """Take the try back, and remember the pair as known."""
        names = _names(subject, address)
        now = self.clock().timestamp()
        known = self.store.read(names[Counter.PAIR]).known_until > now
        self._change(names[Counter.PAIR], Tries(0, now, now + KNOWN_S))
        self._change(names[Counter.ACCOUNT], Tries(0, now))
        if not known:  # a known pair's try was not counted for its address, and must not buy others a try
            for_address = self.store.read(names[Counter.ADDRESS])
            self._change(names[Counter.ADDRESS], replace(for_address, failures=max(0, for_address.failures - 1)))

    def _count(self, counter: Counter, name: str, now: float) -> None:
        for _ in range(_RACES):
            before = self.store.read(name)
            _allow(counter, before, now)
            if self.store.swap(name, before, counted(before, now)):
                return
        raise LimitReached(_words(counter), retry_after_s=1)

    def _change(self, name: str, after: Tries) -> None:
        """Best effort: a lost race leaves a failure counted, which an hour forgets."""
        self.store.swap(name, self.store.read(name), after)


def _allow(counter: Counter, tries: Tries, now: float) -> None:
    wait = wait_s(tries, RULES[counter], now)
    if wait > 0:
        raise LimitReached(_words(counter), retry_after_s=math.ceil(wait))


def _words(counter: Counter) -> str:
    return f"sign-in tries ({counter}): expected fewer in so short a time, found too many"


def _names(subject: str, address: str) -> dict[Counter, str]:
    """Hashes, so that the store names neither a person nor a machine."""
    parts = {Counter.PAIR: f"{subject}\n{address}", Counter.ADDRESS: f"\n{address}", Counter.ACCOUNT: f"{subject}\n"}
    return {counter: hashlib.sha256(f"{counter}\n{text}".encode()).hexdigest()[:40] for counter, text in parts.items()}
