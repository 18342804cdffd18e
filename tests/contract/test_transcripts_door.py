"""The transcripts function as Lambda calls it, on moto's table and bucket."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import docx
import pytest
from botocore.exceptions import EndpointConnectionError

from functions.index_words.handler import handler as index_words
from functions.transcripts.handler import handler
from sotto.adapters.dynamo_audit import DynamoAudit
from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.domain.audit import Action
from sotto.domain.identity import Principal, Role, Scope
from sotto.domain.job import JobStatus
from sotto.domain.renderings import FORMATS, render
from sotto.entry import admission, aws, transcript_wiring
from sotto.entry.principal import principal_to_context
from sotto.entry.transcript_wiring import now
from sotto.workflows.moments import iso
from tests.contract.conftest import BUCKET, TABLE
from tests.examples import JOB_ID, NOW, OWNER, QUEUED
from tests.unit.domain.test_edits import MEETING
from tests.unit.entry.test_http import Context

CALLER = Principal(OWNER, Role.USER, frozenset({Scope.JOBS_READ, Scope.JOBS_WRITE}), "session")
STREAM = {"dynamodb": {"Keys": {"pk": {"S": f"USER#{OWNER}"}, "sk": {"S": f"JOB#{JOB_ID}"}}}}
Call = Callable[..., dict[str, Any]]


@pytest.fixture
def call(table: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """The function over a completed job whose transcript is MEETING."""
    monkeypatch.setenv("SOTTO_TABLE", TABLE)
    monkeypatch.setenv("SOTTO_BUCKET", BUCKET)
    caches = (transcript_wiring.settings, transcript_wiring.index_settings, admission._admission, aws.dynamodb, aws.s3)
    for cached in caches:
        cached.cache_clear()
    key = f"transcripts/{OWNER}/{JOB_ID}/1/transcript.json"
    job = replace(QUEUED, status=JobStatus.COMPLETED, transcript_key=key, name="Café talk.wav")
    job = replace(job, timings=replace(job.timings, completed_at=NOW))
    DynamoJobs(boto3.client("dynamodb"), TABLE).create(job, due_at=NOW)
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=render(MEETING, "json"))

    def call(method: str, path: str, body: object = None, *, known: str = "", **query: str) -> dict[str, Any]:
        resource = f"/jobs/{{job_id}}/{path}" if path != "search" else "/search"
        event = {
            "httpMethod": method,
            "path": resource.replace("{job_id}", JOB_ID),
            "resource": resource,
            "headers": {"If-None-Match": known} if known else {},
            "queryStringParameters": query or None,
            "requestContext": {
                "requestId": "request-1",
                "identity": {"sourceIp": "192.0.2.1"},
                "authorizer": principal_to_context(CALLER),
            },
            "body": json.dumps(body) if body is not None else None,
            "isBase64Encoded": False,
        }
        return handler(event, Context())

    yield call
    for cached in caches:
        cached.cache_clear()


def shown(answer: dict[str, Any], status: int = 200) -> Any:
    assert answer["statusCode"] == status, answer["body"]
    return json.loads(answer["body"])


def header(answer: dict[str, Any], name: str) -> str:
    return str(answer["multiValueHeaders"][name][0])


def test_text_leaves_as_text_and_a_document_as_bytes(call: Call) -> None:
    text = call("GET", "transcript", format="txt")
    assert (text["body"], text["isBase64Encoded"]) == ("Hello Otto, how are you?\nFine.\n", False)
    assert header(text, "Content-Type") == "text/plain; charset=utf-8"
    assert "filename*=UTF-8''Caf%C3%A9%20talk.txt" in header(text, "Content-Disposition")
    document = call("GET", "transcript", format="docx", timestamps="false")
    assert document["isBase64Encoded"] is True
    paragraphs = docx.Document(io.BytesIO(base64.b64decode(document["body"]))).paragraphs
    assert paragraphs[-1].text == "Fine."


def test_what_is_large_is_fetched_from_the_bucket(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sotto.workflows.read_transcript.MAX_ANSWER_BYTES", 10)
    answer = call("GET", "transcript", format="srt")
    assert answer["statusCode"] == 303
    assert f"/exports/{OWNER}/{JOB_ID}/1/00001-" in header(answer, "Location")
    assert "Caf%25C3%25A9%2520talk.srt" in header(answer, "Location")


def exports_of_today() -> list[tuple[str, str, str, str, str]]:
    entries = DynamoAudit(boto3.client("dynamodb"), TABLE, 365).page(iso(now())[:10], limit=100, cursor=None).entries
    assert {entry.action for entry in entries} <= {Action.TRANSCRIPT_EXPORTED}
    return [(one.who, one.credential, one.object, one.address, one.detail) for one in reversed(entries)]


def test_what_leaves_as_a_file_is_in_the_audit_log_and_nothing_else_is(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a file that is fetched from the bucket; not what the caller has, what is refused or what is only read."""
    tag = header(call("GET", "transcript", format="srt"), "ETag")
    call("POST", "edits", {"base_version": 1, "operations": [{"op": "delete", "first": 0, "last": 0}]})
    monkeypatch.setattr("sotto.workflows.read_transcript.MAX_ANSWER_BYTES", 10)
    call("GET", "transcript", format="docx")
    said = [
        (OWNER, "session", JOB_ID, "192.0.2.1", detail)
        for detail in ("srt, attempt 1, version 1", "docx, attempt 1, version 2")
    ]
    assert exports_of_today() == said
    assert call("GET", "transcript", known=tag, format="srt", version="1")["statusCode"] == 304
    for refused in ({"format": "odt"}, {"version": "9"}, {"format": "txt", "words": "true"}):
        assert call("GET", "transcript", **refused)["statusCode"] >= 400
    for read in ("segments", "versions"):
        assert call("GET", read)["statusCode"] == 200
    assert exports_of_today() == said


def test_no_transcript_leaves_when_the_audit_log_cannot_be_written(call: Call) -> None:
    def cut_off(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    aws.dynamodb().meta.events.register("before-call.dynamodb.PutItem", cut_off)
    answer = shown(call("GET", "transcript", format="txt"), 503)
    assert answer["code"] == "storage_unavailable"


def test_what_a_format_does_not_have_is_refused(call: Call) -> None:
    assert shown(call("GET", "transcript", format="txt", words="true"), 400)["code"] == "invalid_input"


@pytest.mark.parametrize(
    ("path", "query"),
    [("transcript", {"format": one}) for one in FORMATS] + [("segments", {"limit": "1"}), ("segments", {})],
)
def test_who_has_the_present_answer_is_told_so_without_a_look_into_the_bucket(
    call: Call, path: str, query: dict[str, str]
) -> None:
    answer = call("GET", path, **query)
    tag = header(answer, "ETag")
    assert (answer["statusCode"], header(answer, "Cache-Control")) == (200, "private, no-cache")
    assert header(call("GET", path, known='"another"', **query), "ETag") == tag
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=f"transcripts/{OWNER}/{JOB_ID}/1/transcript.json")
    for known in (tag, tag.removeprefix("W/"), f'"another", {tag}', "*"):
        unchanged = call("GET", path, known=known, **query)
        assert (unchanged["statusCode"], unchanged["body"], header(unchanged, "ETag")) == (304, "", tag)


def test_each_view_has_a_tag_of_its_own_which_a_title_and_an_edit_change(call: Call) -> None:
    def tags() -> list[str]:
        asked: list[tuple[str, dict[str, str]]] = [
            ("transcript", {"format": "txt"}),
            ("transcript", {"format": "txt", "timestamps": "true"}),
            ("transcript", {"format": "md"}),
            ("segments", {}),
            ("segments", {"limit": "1"}),
        ]
        return [header(call("GET", path, **query), "ETag") for path, query in asked]

    first = tags()
    assert first == tags()
    assert header(call("GET", "transcript", format="txt", timestamps="false", version="1"), "ETag") == first[0]
    DynamoJobs(boto3.client("dynamodb"), TABLE).label(OWNER, JOB_ID, title="Talk")
    titled = tags()
    call("POST", "edits", {"base_version": 1, "operations": [{"op": "delete", "first": 0, "last": 0}]})
    every = [*first, *titled[:3], *tags()]
    assert len(set(every)) == len(every)


def test_the_list_of_versions_has_a_tag_that_an_edit_changes(call: Call) -> None:
    tag = header(call("GET", "versions"), "ETag")
    assert call("GET", "versions", known=tag)["statusCode"] == 304
    call("POST", "edits", {"base_version": 1, "operations": [{"op": "delete", "first": 0, "last": 0}]})
    assert call("GET", "versions", known=tag)["statusCode"] == 200


def test_what_is_wrong_is_told_whatever_the_caller_has(call: Call) -> None:
    assert shown(call("GET", "transcript", known="*", format="odt"), 400)["code"] == "invalid_input"
    assert shown(call("GET", "transcript", known="*", version="7"), 404)["code"] == "not_found"
    assert shown(call("GET", "segments", known="*", cursor="nonsense"), 400)["code"] == "invalid_input"


def test_segments_come_in_pages(call: Call) -> None:
    page = shown(call("GET", "segments", limit="1"))
    assert (page["attempt"], page["version"], page["total"], page["first"]) == (1, 1, 2, 0)
    last = shown(call("GET", "segments", limit="1", cursor=page["next_cursor"]))
    assert (last["segments"][0]["text"], last["first"], last["next_cursor"]) == ("Fine.", 1, None)


def test_an_edit_its_diff_and_the_way_back(call: Call) -> None:
    swap = {"base_version": 1, "operations": [{"op": "replace", "first": 1, "last": 1, "text": "Sotto,"}]}
    made = shown(call("POST", "edits", swap), 201)["version"]
    assert (made["version"], made["kind"], made["author"], made["operations"]) == (2, "edit", OWNER, 1)
    assert shown(call("POST", "edits", swap), 409)["code"] == "version_conflict"
    diff = shown(call("GET", "diff", **{"from": "1", "to": "2"}))
    (change,) = diff["changes"]
    assert (diff["from"], diff["to"], change["start"], change["end"]) == (1, 2, 1.5, 2.0)
    assert (change["before"][0]["text"], change["after"][0]["text"]) == ("Otto,", "Sotto,")
    assert change["after"][0]["probability"] is None
    assert call("GET", "transcript", format="txt")["body"].startswith("Hello Sotto,")
    assert call("GET", "transcript", format="txt", version="1")["body"].startswith("Hello Otto,")
    assert shown(call("POST", "revert", {"base_version": 2, "to": 1}), 201)["version"]["reverted_to"] == 1
    assert [one["version"] for one in shown(call("GET", "versions"))["versions"]] == [3, 2, 1]
    assert call("GET", "transcript", format="txt")["body"].startswith("Hello Otto,")


def test_an_attempt_may_be_named_and_must_exist(call: Call) -> None:
    assert call("GET", "transcript", format="txt", attempt="1")["body"].startswith("Hello Otto,")
    assert shown(call("GET", "segments", attempt="1"))["attempt"] == 1
    assert shown(call("GET", "versions", attempt="1"))["versions"][0]["attempt"] == 1
    assert shown(call("GET", "transcript", attempt="2"), 404)["detail"] == "attempt: expected 1 to 1, found 2"
    assert shown(call("GET", "versions", attempt="2"), 404)["code"] == "not_found"
    assert shown(call("GET", "segments", attempt="0"), 400)["code"] == "invalid_input"


def test_an_operation_that_does_not_exist_is_named(call: Call) -> None:
    answer = call("POST", "edits", {"base_version": 1, "operations": [{"op": "move", "first": 1}]})
    assert shown(answer, 400)["detail"].startswith("operations.0: expected")


def test_what_the_stream_tells_of_is_found_until_the_job_is_gone(call: Call) -> None:
    assert shown(call("GET", "search", q="otto"))["hits"] == []
    index_words({"Records": [STREAM]}, None)
    query = {"q": 'OTTO "how are"', "model": "base", "from": "2025-01-01", "to": "2026-12-31"}
    (hit,) = shown(call("GET", "search", **query))["hits"]
    assert shown(call("GET", "search", **query | {"to": "2025-01-01"}))["hits"] == []
    assert shown(call("GET", "search", **query | {"from": "2026-12-31"}))["hits"] == []
    assert (hit["job_id"], hit["segment"], hit["start"], hit["end"], hit["at"]) == (JOB_ID, 0, 1.0, 4.0, 1.5)
    assert [hit["snippet"][a:b] for a, b in hit["highlights"]] == ["Otto", "how", "are"]
    DynamoJobs(boto3.client("dynamodb"), TABLE).delete(OWNER, JOB_ID)
    index_words({"Records": [STREAM]}, None)
    assert shown(call("GET", "search", q="otto"))["hits"] == []
    assert boto3.client("dynamodb").scan(TableName=TABLE)["Count"] == 1, "only the caller's bucket of requests"


def test_a_record_that_cannot_be_indexed_is_reported_and_the_others_are(call: Call) -> None:
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=f"transcripts/{OWNER}/{JOB_ID}/1/transcript.json")
    doubted = {"Keys": {"pk": {"S": f"USER#{OWNER}"}, "sk": {"S": f"WORDS#{JOB_ID}"}}, "SequenceNumber": "2"}
    gone = {"Keys": {"pk": {"S": f"USER#{OWNER}"}, "sk": {"S": "JOB#01GONE"}}, "SequenceNumber": "1"}
    records = [{"dynamodb": gone}, {"dynamodb": doubted}]
    assert index_words({"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    boto3.client("s3").put_object(
        Bucket=BUCKET, Key=f"transcripts/{OWNER}/{JOB_ID}/1/transcript.json", Body=render(MEETING, "json")
    )
    assert index_words({"Records": records}, None) == {"batchItemFailures": []}
    assert len(shown(call("GET", "search", q="otto"))["hits"]) == 1


def test_a_query_without_words_is_refused(call: Call) -> None:
    assert shown(call("GET", "search", q="..."), 400)["code"] == "invalid_input"
