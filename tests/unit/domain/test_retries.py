"""Waiting between tries: doubling, bounded, never shorter than the error asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.retries import FIRST_S, MOST_S, retry_delay_s

chances = st.floats(min_value=0, max_value=1, exclude_max=True)


@given(received=st.integers(min_value=0, max_value=1000), chance=chances)
def test_a_wait_lies_in_the_upper_half_of_its_interval(received: int, chance: float) -> None:
    assert FIRST_S / 2 <= retry_delay_s(received, chance=chance) <= MOST_S


@given(received=st.integers(min_value=1, max_value=1000), chance=chances)
def test_the_next_wait_is_never_shorter_at_the_same_chance(received: int, chance: float) -> None:
    assert retry_delay_s(received + 1, chance=chance) >= retry_delay_s(received, chance=chance)


@given(chance=chances)
def test_what_the_error_asked_for_is_the_least(chance: float) -> None:
    assert retry_delay_s(1, chance=chance, at_least_s=120) == 120


def test_the_first_waits_are_ten_twenty_forty_seconds_at_most() -> None:
    assert [retry_delay_s(n, chance=0.999) for n in (1, 2, 3)] == [10, 20, 40]
