"""Read, edit and search transcripts: every format, page by page, version by version."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from sotto.domain.object_keys import download_disposition
from sotto.domain.renderings import BINARY_FORMATS, CONTENT_TYPES, chosen_view
from sotto.domain.terms import parse_query
from sotto.entry import transcript_wiring as wiring
from sotto.entry.admission import admit
from sotto.entry.etags import tag_of_rendering
from sotto.entry.http import ASK_EACH_TIME, Api, answer, not_modified, see_other
from sotto.entry.search_shapes import SearchAnswer, SearchQuery
from sotto.entry.telemetry import make_logger
from sotto.entry.transcript_shapes import (
    ChangeShape,
    DiffAnswer,
    DiffQuery,
    EditRequest,
    RevertRequest,
    SegmentsAnswer,
    SegmentsQuery,
    TranscriptQuery,
    VersionAnswer,
    VersionsAnswer,
    VersionShape,
    VersionsQuery,
)

api = Api(make_logger("transcripts"), admit)
handler = api.handler


@api.routes.get("/jobs/<job_id>/transcript")
def get_transcript(job_id: str) -> Response[Any]:
    """The transcript in the format that was asked for."""
    principal, query = api.principal(), api.query(TranscriptQuery)
    source = wiring.read_transcript().find(principal.user_id, job_id, query.version, query.attempt)
    view = chosen_view(query.format, query.view_of(source.job))
    tag = tag_of_rendering(source.key, query.format, view)
    if api.knows(tag):
        return not_modified(tag)
    origin = api.origin(wiring.settings().trusted_proxies)
    export = wiring.export_transcript()(principal, source, query.format, view, origin)
    if export.content is None:
        return see_other(str(export.url))
    disposition = download_disposition(source.job.name, query.format)
    headers = {"Content-Disposition": disposition, "ETag": tag, "Cache-Control": ASK_EACH_TIME}
    # The gateway wants bytes in base64 and text as it is.
    body = export.content if query.format in BINARY_FORMATS else export.content.decode()
    return Response(status_code=200, content_type=CONTENT_TYPES[query.format], body=body, headers=headers)


@api.routes.get("/jobs/<job_id>/segments")
def list_segments(job_id: str) -> Response[str]:
    """One page of the transcript's segments."""
    owner, query = api.principal().user_id, api.query(SegmentsQuery)
    reading = wiring.read_transcript()
    source, first = reading.find_page(owner, job_id, query.cursor, query.version, query.attempt)
    tag = tag_of_rendering(source.key, "segments", first, query.limit)
    if api.knows(tag):
        return not_modified(tag)
    found = SegmentsAnswer.of(reading.segments(source, first, query.limit))
    return answer(found, headers={"ETag": tag, "Cache-Control": ASK_EACH_TIME})


@api.routes.post("/jobs/<job_id>/edits")
def edit(job_id: str) -> Response[str]:
    """Make a new version by operations on words."""
    owner, request = api.principal().user_id, api.body(EditRequest)
    version = wiring.edit_transcript().edit(owner, job_id, request.base_version, request.operations, author=owner)
    return answer(VersionAnswer(version=VersionShape.of(version)), status=201)


@api.routes.post("/jobs/<job_id>/revert")
def revert(job_id: str) -> Response[str]:
    """Make a new version that says what an earlier one said."""
    owner, request = api.principal().user_id, api.body(RevertRequest)
    version = wiring.edit_transcript().revert(owner, job_id, request.base_version, request.to, author=owner)
    return answer(VersionAnswer(version=VersionShape.of(version)), status=201)


@api.routes.get("/jobs/<job_id>/versions")
def list_versions(job_id: str) -> Response[str]:
    """All versions, newest first."""
    owner, query = api.principal().user_id, api.query(VersionsQuery)
    versions = wiring.edit_transcript().history(owner, job_id, query.attempt)
    return api.tagged(answer(VersionsAnswer(versions=[VersionShape.of(version) for version in versions])))


@api.routes.get("/jobs/<job_id>/diff")
def diff(job_id: str) -> Response[str]:
    """How one version differs from another."""
    owner, query = api.principal().user_id, api.query(DiffQuery)
    changes = wiring.edit_transcript().diff(owner, job_id, query.old, query.new, query.attempt)
    return answer(DiffAnswer(old=query.old, new=query.new, changes=[ChangeShape.of(change) for change in changes]))


@api.routes.get("/search")
def search() -> Response[str]:
    """Segments of the caller's transcripts that hold all that is asked for, newest jobs first."""
    owner, query = api.principal().user_id, api.query(SearchQuery)
    clauses = parse_query(query.q)
    found = wiring.search_transcripts()(owner, clauses, query.filters, limit=query.limit, cursor=query.cursor)
    return answer(SearchAnswer.of(found, clauses))
