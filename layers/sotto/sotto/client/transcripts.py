"""Transcripts of completed jobs: every format, page by page, edits, versions, search."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import Field

from sotto.client.answers import Answer, Pages, read, read_all
from sotto.client.flow import Flow, Request, at, present
from sotto.client.patience import ask

FORMATS = ("txt", "srt", "vtt", "json", "tsv", "md", "docx")
BINARY_FORMATS = frozenset({"docx"})


class Word(Answer):
    """One word; times in seconds. `probability` is None for an edited word, which no model heard."""

    id: int | None = None
    text: str
    start: float
    end: float
    probability: float | None = None
    edited: bool = False


class Segment(Answer):
    """About a sentence; times in seconds. Without word times `words` is empty. `speaker` is None when nobody asked."""

    start: float
    end: float
    text: str
    speaker: str | None = None
    words: list[Word] = Field(default_factory=list)
    edited: bool = False


class Version(Answer):
    """`author` is a user's id, None for the engine; `reverted_to` is None unless `kind` is revert."""

    version: int
    attempt: int
    kind: str
    created_at: str
    author: str | None = None
    operations: int
    reverted_to: int | None = None


class Change(Answer):
    """Neighbouring words that differ, and the seconds where they stand."""

    start: float
    end: float
    before: list[Word]
    after: list[Word]


class Diff(Answer):
    old: int = Field(alias="from")
    new: int = Field(alias="to")
    changes: list[Change]


class Hit(Answer):
    """A segment that holds all that was asked for. `at` is the second of the first word; `highlights` are
    [start, end) in characters of `snippet`."""

    job_id: str
    name: str
    created_at: str
    language: str | None = None
    segment: int
    start: float
    end: float
    at: float
    snippet: str
    highlights: list[tuple[int, int]]


def export(
    job_id: str,
    format: str = "txt",  # noqa: A002 - the API's name
    *,
    words: bool | None = None,
    timestamps: bool | None = None,
    speakers: bool | None = None,
    version: int | None = None,
    attempt: int | None = None,
) -> Flow[bytes]:
    """The transcript as a file's bytes; text is UTF-8. Raises Conflict before the job is COMPLETED.

    `attempt` is one of the job's `history`; here and below the present one when it is left out, and of versions the
    newest.
    """
    view = present(words=words, timestamps=timestamps, speakers=speakers)
    query = {"format": format, **view, **present(version=version, attempt=attempt)}
    # Without */* the gateway hands out a Word document in base64.
    request = Request("GET", at("/jobs/{}/transcript", job_id), query=query, headers={"Accept": "*/*"})
    answer = yield from ask(request)
    if answer.status_code == HTTPStatus.SEE_OTHER:  # a large one lies at a signed address
        answer = yield from ask(Request("GET", answer.headers["location"]))
    return answer.content


def canonical(job_id: str, version: int | None = None, attempt: int | None = None) -> Flow[dict[str, Any]]:
    """The canonical transcript (docs/transcript.schema.json) as it was sent."""
    return dict(json.loads((yield from export(job_id, "json", version=version, attempt=attempt))))


def segments(job_id: str, version: int | None = None, attempt: int | None = None) -> Pages[Segment]:
    """The transcript's segments, in order."""
    query = present(version=version, attempt=attempt)
    return Pages(at("/jobs/{}/segments", job_id), "segments", Segment.model_validate, query)


def edit(job_id: str, base_version: int, operations: Sequence[Mapping[str, Any]]) -> Flow[Version]:
    """Make a new version by operations on words of `base_version`. Raises Conflict when it is not the newest."""
    body = {"base_version": base_version, "operations": [dict(one) for one in operations]}
    return read(Request("POST", at("/jobs/{}/edits", job_id), body=body), Version, "version")


def revert(job_id: str, base_version: int, to: int) -> Flow[Version]:
    """Make a new version that says what version `to` said. Raises Conflict when `base_version` is not the newest."""
    body = {"base_version": base_version, "to": to}
    return read(Request("POST", at("/jobs/{}/revert", job_id), body=body), Version, "version")


def versions(job_id: str, attempt: int | None = None) -> Flow[list[Version]]:
    """All versions, newest first."""
    request = Request("GET", at("/jobs/{}/versions", job_id), query=present(attempt=attempt))
    return read_all(request, Version, "versions")


def diff(job_id: str, old: int, new: int, attempt: int | None = None) -> Flow[Diff]:
    """How version `new` differs from version `old`."""
    query = {"from": old, "to": new, **present(attempt=attempt)}
    return read(Request("GET", at("/jobs/{}/diff", job_id), query=query), Diff)


def search(
    text: str,
    *,
    model: str | None = None,
    language: str | None = None,
    first_day: str | None = None,
    last_day: str | None = None,
) -> Pages[Hit]:
    """Segments of the caller's transcripts that hold `text`, newest jobs first. Days are UTC, such as 2026-11-22."""
    query = present(q=text, model=model, language=language)
    return Pages("/search", "hits", Hit.model_validate, {**query, **present(**{"from": first_day, "to": last_day})})
