"""SQS fair queues for the emulator: on a standard queue, no message group waits behind all of another's.

SQS does this by itself for messages that carry a MessageGroupId; MiniStack keeps the group and hands out in the order
of arrival. Used inside the emulator's environment (checkpoints.py), so it may import nothing of Sotto.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from typing import Any

Message = dict[str, Any]


class Turns:
    """Whose turn it is on one queue. `order` gives the messages in the order of their turns, `took` says who had one.

    The group with the fewest messages in flight comes first, among equals the one whose last turn is longest ago, then
    the message that came first. A message without a group is a group of its own, as in SQS.
    """

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._last: dict[str, int] = {}

    def order(self, messages: Iterable[Message], now: float) -> list[Message]:
        """The `messages` that can be seen at `now` (seconds since 1970)."""
        ahead: Counter[str] = Counter()
        visible: list[Message] = []
        for message in messages:
            if message["visible_at"] <= now:
                visible.append(message)
            elif message["receive_count"] and message["group_id"]:
                ahead[message["group_id"]] += 1
        turns: list[tuple[int, int]] = []
        for message in visible:
            group = message["group_id"]
            turns.append((ahead[group], self._last.get(group, 0)) if group else (0, 0))
            if group:
                ahead[group] += 1
        return [visible[i] for i in sorted(range(len(visible)), key=turns.__getitem__)]

    def took(self, messages: Iterable[Message]) -> None:
        """These were handed out, in this order."""
        for message in messages:
            if group := message["group_id"]:
                self._last[group] = next(self._count)
