"""Days as ranges of job ids, to both ends of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from ulid import ULID

from sotto.domain.errors import InvalidInput
from sotto.entry.days import first_id, first_id_after
from sotto.entry.http import validate
from sotto.entry.list_shapes import JobsQuery

NOON = str(ULID.from_datetime(datetime(2026, 11, 22, 12, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("day", "holds"), [(date(2026, 11, 21), False), (date(2026, 11, 22), True), (date(2026, 11, 23), False)]
)
def test_an_id_lies_in_the_day_of_its_making(day: date, holds: bool) -> None:
    assert (first_id(day) <= NOON < first_id_after(day)) is holds


@pytest.mark.parametrize("day", [date.min, date(1969, 12, 31), date.max])
def test_a_day_that_no_id_can_name_is_before_or_after_all(day: date) -> None:
    assert (first_id(day) < NOON) is (day < date(1970, 1, 1))
    assert (first_id_after(day) > NOON) is (day == date.max)


def test_a_number_is_no_day() -> None:
    assert validate(JobsQuery, {"to": "2026-11-22"}).last_day == date(2026, 11, 22)
    with pytest.raises(InvalidInput) as refused:
        validate(JobsQuery, {"to": "0"})
    assert refused.value.key == "to"
