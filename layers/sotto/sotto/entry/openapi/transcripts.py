"""The routes of functions/transcripts."""

from __future__ import annotations

from sotto.domain.errors import VersionConflict, WrongState
from sotto.domain.renderings import BINARY_FORMATS, CONTENT_TYPES
from sotto.domain.transcript import Transcript
from sotto.entry.openapi.route import BYTES, TEXT, Door, Reply, Route, Schema
from sotto.entry.search_shapes import SearchAnswer, SearchQuery
from sotto.entry.transcript_shapes import (
    DiffAnswer,
    DiffQuery,
    EditRequest,
    RevertRequest,
    SegmentsAnswer,
    SegmentsQuery,
    TranscriptQuery,
    VersionAnswer,
    VersionsAnswer,
    VersionsQuery,
)


def _schema(extension: str) -> Schema:
    if extension == "json":
        return Transcript
    return BYTES if extension in BINARY_FORMATS else TEXT


_FILES = {content_type: _schema(extension) for extension, content_type in CONTENT_TYPES.items()}

TRANSCRIPTS = Door(
    "transcripts",
    "Transcripts",
    "Read, edit and search transcripts.",
    (
        Route(
            "GET",
            "/jobs/{job_id}/transcript",
            "get_transcript",
            "The transcript in the format that was asked for.",
            {
                200: Reply("The file.", _FILES, {"Content-Disposition": "a file name"}),
                303: Reply(
                    "The file is large.",
                    headers={"Location": "where it can be fetched for five minutes, without token"},
                ),
            },
            query=TranscriptQuery,
            errors=(WrongState,),
            tagged=True,
        ),
        Route(
            "GET",
            "/jobs/{job_id}/segments",
            "list_segments",
            "One page of the transcript's segments.",
            {200: SegmentsAnswer},
            query=SegmentsQuery,
            errors=(WrongState,),
            tagged=True,
        ),
        Route(
            "POST",
            "/jobs/{job_id}/edits",
            "edit",
            "Make a new version by operations on words.",
            {201: VersionAnswer},
            body=EditRequest,
            errors=(WrongState, VersionConflict),
        ),
        Route(
            "POST",
            "/jobs/{job_id}/revert",
            "revert",
            "Make a new version that says what an earlier one said.",
            {201: VersionAnswer},
            body=RevertRequest,
            errors=(WrongState, VersionConflict),
        ),
        Route(
            "GET",
            "/jobs/{job_id}/versions",
            "list_versions",
            "All versions, newest first.",
            {200: VersionsAnswer},
            query=VersionsQuery,
            errors=(WrongState,),
            tagged=True,
        ),
        Route(
            "GET",
            "/jobs/{job_id}/diff",
            "diff",
            "How one version differs from another.",
            {200: DiffAnswer},
            query=DiffQuery,
            errors=(WrongState,),
        ),
        Route(
            "GET",
            "/search",
            "search",
            "Segments of the caller's transcripts that hold all that is asked for, newest jobs first.",
            {200: SearchAnswer},
            query=SearchQuery,
        ),
    ),
)
