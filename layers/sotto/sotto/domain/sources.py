"""Recordings that the service fetches from an address: what a source says, and what one try leaves the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict

DEFAULT_NAME = "recording"


@dataclass(frozen=True)
class SourceFacts:
    """`size_bytes` is the whole recording's, None when the source does not say.

    `validator` is an entity tag or a date that changes with the content: without one, a later try begins anew.
    """

    size_bytes: int | None
    validator: str | None


@dataclass(frozen=True)
class Download:
    """An open source. `chunks` are its bytes from `first_byte` on, small pieces as they come.

    A chunk raises SourceUnavailable when the connection breaks or ends early.
    """

    facts: SourceFacts
    first_byte: int
    chunks: Iterator[bytes]


class FetchState(BaseModel):
    """An unfinished upload, whose parts so far are the beginning of the recording."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    multipart_id: str
    part_size_bytes: int
    size_bytes: int | None
    validator: str | None


def fetch_state_key(owner: str, job_id: str, attempt: int) -> str:
    return f"work/{owner}/{job_id}/{attempt}/fetch.json"


def source_name(url: str) -> str:
    """A name for what lies at `url`: the last piece of its path."""
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]) or DEFAULT_NAME
