"""Days in a query, as ranges of job ids: an id begins with the millisecond of its making."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from ulid import ULID

TIME_LENGTH = 10  # of a ULID's 26 characters


def first_id(day: date) -> str:
    """Below every id of `day` (UTC), above every earlier one."""
    return str(ULID.from_datetime(datetime.combine(day, time(), UTC)))[:TIME_LENGTH]
