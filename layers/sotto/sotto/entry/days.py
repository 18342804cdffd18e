"""Days in a query, as ranges of job ids: an id begins with the millisecond of its making."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import BeforeValidator
from ulid import ULID

TIME_LENGTH = 10  # of a ULID's 26 characters
_EPOCH = date(1970, 1, 1)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _iso(text: object) -> object:
    """Pydantic takes seconds since 1970 for a day too, and nobody who writes `to=0` means that."""
    if isinstance(text, str) and not _DAY.fullmatch(text):
        raise ValueError("Input should be a day such as 2026-11-22")
    return text


Day = Annotated[date, BeforeValidator(_iso)]
"""A day in a query."""


def first_id(day: date) -> str:
    """Below every id of `day` (UTC), above every earlier one."""
    if day < _EPOCH:
        return ""  # no job is older, and a ULID cannot say so
    return str(ULID.from_datetime(datetime.combine(day, time(), UTC)))[:TIME_LENGTH]


def first_id_after(day: date) -> str:
    """Above every id of `day` (UTC)."""
    return first_id(day + timedelta(days=1)) if day < date.max else "Z" * TIME_LENGTH
