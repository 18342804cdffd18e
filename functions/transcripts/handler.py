"""Read transcripts: every format, page by page."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from sotto.domain.object_keys import download_disposition
from sotto.domain.renderings import BINARY_FORMATS, CONTENT_TYPES
from sotto.entry import transcript_wiring as wiring
from sotto.entry.admission import admit
from sotto.entry.http import Api, answer, see_other
from sotto.entry.telemetry import make_logger
from sotto.entry.transcript_shapes import SegmentsAnswer, SegmentsQuery, TranscriptQuery

api = Api(make_logger("transcripts"), admit)
handler = api.handler


@api.routes.get("/jobs/<job_id>/transcript")
def get_transcript(job_id: str) -> Response[Any]:
    """The transcript in the format that was asked for."""
    owner, query = api.principal().user_id, api.query(TranscriptQuery)
    export = wiring.read_transcript().export(owner, job_id, query.format, query.view)
    if export.content is None:
        return see_other(str(export.url))
    headers = {"Content-Disposition": download_disposition(export.job.name, query.format), "Cache-Control": "no-store"}
    # The gateway wants bytes in base64 and text as it is.
    body = export.content if query.format in BINARY_FORMATS else export.content.decode()
    return Response(status_code=200, content_type=CONTENT_TYPES[query.format], body=body, headers=headers)


@api.routes.get("/jobs/<job_id>/segments")
def list_segments(job_id: str) -> Response[str]:
    """One page of the transcript's segments."""
    owner, query = api.principal().user_id, api.query(SegmentsQuery)
    page = wiring.read_transcript().segments(owner, job_id, limit=query.limit, cursor=query.cursor)
    return answer(SegmentsAnswer.of(page))
