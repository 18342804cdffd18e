"""Message groups take turns: however many messages one has, another's first is among the next few."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from infra.local.fair_queues import Turns


def message(group: str | None, *, seen: bool = True, taken: int = 0) -> dict[str, Any]:
    return {"group_id": group, "visible_at": 0.0 if seen else 60.0, "receive_count": taken}


def take(turns: Turns, queue: list[dict[str, Any]]) -> dict[str, Any]:
    """What one consumer gets that has nothing else in flight: it is done with the last one."""
    taken = turns.order(queue, 1.0)[0]
    turns.took([taken])
    queue.remove(taken)
    return taken


def test_one_consumer_serves_a_newcomer_second() -> None:
    turns = Turns()
    queue = [message("busy") for _ in range(100)] + [message("quiet")]
    assert [take(turns, queue)["group_id"] for _ in range(3)] == ["busy", "quiet", "busy"]


def test_who_has_less_in_flight_comes_first() -> None:
    queue = [message("busy", seen=False, taken=1), message("busy"), message("quiet")]
    assert [one["group_id"] for one in Turns().order(queue, 1.0)] == ["quiet", "busy"]


def test_several_at_once_are_of_several_groups() -> None:
    queue = [message("a"), message("a"), message("a"), message("b"), message("c")]
    assert [one["group_id"] for one in Turns().order(queue, 1.0)] == ["a", "b", "c", "a", "a"]


def test_a_delayed_message_is_not_in_flight() -> None:
    queue = [message("a", seen=False), message("a"), message("b")]
    assert [one["group_id"] for one in Turns().order(queue, 1.0)] == ["a", "b"]


@given(st.lists(st.sampled_from([None, "a", "b", "c"]), max_size=40))
def test_nothing_is_lost_and_a_group_keeps_its_order(groups: list[str | None]) -> None:
    turns, queue = Turns(), [{**message(group), "id": i} for i, group in enumerate(groups)]
    served = [take(turns, queue) for _ in range(len(groups))]
    assert sorted(one["id"] for one in served) == list(range(len(groups)))
    for group in set(groups):
        ids = [one["id"] for one in served if one["group_id"] == group]
        assert ids == sorted(ids)
