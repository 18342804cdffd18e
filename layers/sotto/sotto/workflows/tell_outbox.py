"""An event of the outbox goes to everybody who waits for it: the dropper first, then webhooks, which settle it.

Whoever fails leaves the event unsettled, and all are asked again: each answers twice without harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sotto.domain.outbox import OutboxEvent
from sotto.domain.webhooks import Delivery


@dataclass(frozen=True)
class TellOutbox:
    answer_drop: Callable[[OutboxEvent], str]
    deliver: Callable[[OutboxEvent | Delivery], str]

    def __call__(self, found: OutboxEvent | Delivery) -> str:
        """Deal with one row. Returns a word for the log."""
        if isinstance(found, OutboxEvent):
            answered = self.answer_drop(found)
            return f"{answered},{self.deliver(found)}" if answered != "not_dropped" else self.deliver(found)
        return self.deliver(found)
