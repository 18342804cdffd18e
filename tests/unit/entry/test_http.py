"""The HTTP edge: problem details for every error, scopes from the one table, request ids everywhere."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from sotto.domain.errors import InvalidInput, LimitReached, NotFound, SottoError, TooLarge, Unavailable
from sotto.entry.http import MAX_BODY_BYTES, PROBLEM, Api, answer, no_content, parse_json
from sotto.entry.job_shapes import JobRequest
from sotto.entry.telemetry import make_logger


class Echo(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str


class Credentials(BaseModel):
    password: int


class Context:
    function_name = "test"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:eu-central-1:0:function:test"
    aws_request_id = "lambda-1"


@pytest.fixture
def api() -> Api:
    api = Api(make_logger("test"))

    @api.routes.post("/jobs")
    def echo():
        api.principal()
        return answer(api.body(Echo), status=201)

    @api.routes.get("/jobs")
    def query():
        return answer(api.query(Echo))

    @api.routes.get("/usage")
    def tagged():
        return api.tagged(answer(Echo(text="mine")))

    @api.routes.delete("/jobs/<job_id>")
    def nothing(job_id: str):
        api.principal()
        return no_content()

    @api.routes.get("/models")
    def broken():
        raise RuntimeError("secret: /var/task/password.txt")

    @api.routes.get("/livez")
    def full():
        raise LimitReached("too many", retry_after_s=30)

    @api.routes.get("/version")
    def down():
        raise Unavailable("table: gone", retry_after_s=7)

    return api


def call(
    api: Api, method: str, path: str, *, resource: str | None = None, scopes: str = "jobs:read jobs:write", **event: Any
):
    authorizer = {"user_id": "me", "role": "user", "scopes": scopes, "credential": "token"} if scopes else {}
    context = {"requestId": "request-1", "authorizer": authorizer, "httpMethod": method}
    sent = {
        "httpMethod": method,
        "path": path,
        "resource": resource or path,
        "requestContext": context,
        "headers": {},
        **event,
    }
    result = api.handler(sent, Context())
    headers = {**{k: v[0] for k, v in (result.get("multiValueHeaders") or {}).items()}, **(result.get("headers") or {})}
    return result["statusCode"], headers, result["body"]


def problem_of(called) -> dict[str, Any]:
    status, headers, body = called
    problem = json.loads(body)
    assert headers["Content-Type"] == PROBLEM
    assert headers["X-Request-Id"] == problem["request_id"] == "request-1"
    assert problem["status"] == status
    assert problem["type"] == f"urn:sotto:error:{problem['code']}"
    assert problem["hint"]
    return problem


def test_an_answer_is_json_that_no_cache_keeps(api: Api) -> None:
    status, headers, body = call(api, "POST", "/jobs", body='{"text": "hi"}')
    assert (status, json.loads(body)) == (201, {"text": "hi"})
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("method", "path"), [("POST", "/jobs"), ("DELETE", "/jobs/1"), ("GET", "/account")])
def test_a_query_parameter_that_nobody_reads_is_refused(api: Api, method: str, path: str) -> None:
    done: list[str] = []

    @api.routes.get("/account")
    def account():
        return answer(Echo(text="mine"))

    @api.routes.delete("/jobs/1")
    def delete():
        done.append("deleted")

    problem = problem_of(call(api, method, path, body='{"text": "hi"}', queryStringParameters={"worsd": "true"}))
    assert problem["detail"] == "worsd: expected no such query parameter on this route, found 'true'"
    assert done == []


def test_what_went_wrong_is_told_before_a_parameter_that_nobody_reads(api: Api) -> None:
    assert problem_of(call(api, "GET", "/version", queryStringParameters={"a": "b"}))["status"] == 503


def test_two_point_zero_is_two_and_one_is_not_true(api: Api) -> None:
    class Strict(BaseModel):
        count: int
        share: float
        yes: bool

    found = parse_json(Strict, b'{"count": 2.0, "share": 1, "yes": true}')
    assert (found.count, found.share, found.yes) == (2, 1.0, True)
    with pytest.raises(InvalidInput):
        parse_json(Strict, b'{"count": 2.5, "share": 1, "yes": true}')
    with pytest.raises(InvalidInput):
        parse_json(Strict, b'{"count": 2, "share": 1, "yes": 1}')


def test_half_a_character_is_no_text(api: Api) -> None:
    """Python's own JSON reader takes it, and then nothing can write it down."""
    assert problem_of(call(api, "POST", "/jobs", body=r'{"text": "\ud800"}'))["code"] == "invalid_input"


def test_a_body_may_come_in_base64(api: Api) -> None:
    body = base64.b64encode('{"text": "é"}'.encode()).decode()
    assert json.loads(call(api, "POST", "/jobs", body=body, isBase64Encoded=True)[2]) == {"text": "é"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "body: expected a JSON object, found 'NoneType'"),
        ("[]", "body: expected a JSON object, found 'list'"),
        ("{", "body: expected JSON, found '1 bytes that are not JSON'"),
        ("{}", "text: expected Field required, found 'nothing'"),
        ('{"text": 1}', "text: expected Input should be a valid string, found 1"),
        ('{"text": "a", "more": "b"}', "more: expected Extra inputs are not permitted, found 'b'"),
    ],
)
def test_a_bad_body_names_the_key_what_was_expected_and_found(api: Api, body: str, says: str) -> None:
    problem = problem_of(call(api, "POST", "/jobs", body=body))
    assert (problem["code"], problem["detail"]) == ("invalid_input", says)


def test_broken_base64_is_the_callers_fault(api: Api) -> None:
    assert problem_of(call(api, "POST", "/jobs", body="%%%", isBase64Encoded=True))["code"] == "invalid_input"


def test_a_body_has_a_limit() -> None:
    with pytest.raises(TooLarge, match=f"at most {MAX_BODY_BYTES}"):
        parse_json(Echo, b" " * (MAX_BODY_BYTES + 1))


def test_what_may_be_a_secret_is_not_repeated() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(Credentials, b'{"password": "correct horse"}')
    assert "horse" not in caught.value.message
    assert "found 'a value that is not shown'" in caught.value.message


def test_long_values_are_cut() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(JobRequest, json.dumps({"name": "a", "size_bytes": "x" * 1000}).encode())
    assert len(caught.value.message) < 200


def test_a_query_is_checked_like_a_body(api: Api) -> None:
    assert call(api, "GET", "/jobs", queryStringParameters={"text": "a"})[0] == 200
    assert problem_of(call(api, "GET", "/jobs"))["detail"] == "text: expected Field required, found 'nothing'"


def test_without_the_scope_of_the_route_nothing_is_done(api: Api) -> None:
    problem = problem_of(call(api, "POST", "/jobs", body='{"text": "a"}', scopes="jobs:read"))
    assert (problem["code"], problem["status"]) == ("forbidden", 403)
    assert "expected the scope jobs:write, found jobs:read" in problem["detail"]


def test_a_route_that_is_not_in_the_table_is_refused(api: Api) -> None:
    problem = problem_of(call(api, "DELETE", "/jobs/1", resource="/jobs/{other}"))
    assert problem["status"] == 403


def test_without_an_authorizer_nobody_is_signed_in(api: Api) -> None:
    assert problem_of(call(api, "POST", "/jobs", body="{}", scopes=""))["status"] == 401


def test_no_content_has_none(api: Api) -> None:
    status, _, body = call(api, "DELETE", "/jobs/1", resource="/jobs/{job_id}")
    assert (status, body) == (204, "")


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("", 200),
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"a,b", W/{tag} ,"c"', 304),
        ("*", 304),
        ('"other"', 200),
        ("nonsense", 200),
        ('"', 200),
    ],
)
def test_who_names_the_present_tag_gets_no_body(api: Api, condition: str, status: int) -> None:
    tag = call(api, "GET", "/usage")[1]["ETag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    found, headers, body = call(api, "GET", "/usage", headers={"if-none-match": condition.format(tag=tag)})
    assert (found, body) == (status, "" if status == 304 else '{"text":"mine"}')
    assert (headers["ETag"], headers["Cache-Control"]) == (tag, "private, no-cache")


def test_an_unexpected_error_says_nothing_of_itself(api: Api) -> None:
    called = call(api, "GET", "/models")
    assert problem_of(called)["code"] == "internal_error"
    assert "password" not in called[2]


def test_a_route_that_does_not_exist_is_not_found(api: Api) -> None:
    assert problem_of(call(api, "GET", "/nothing"))["code"] == "not_found"


def test_an_event_that_makes_no_sense_is_answered_too(api: Api) -> None:
    answered = api.handler({}, Context())
    assert answered["statusCode"] == 500
    assert json.loads(answered["body"])["code"] == "internal_error"


@pytest.mark.parametrize(("path", "status", "seconds"), [("/livez", 429, "30"), ("/version", 503, "7")])
def test_a_caller_is_told_when_to_come_back(api: Api, path: str, status: int, seconds: str) -> None:
    found, headers, _ = call(api, "GET", path)
    assert (found, headers["Retry-After"]) == (status, seconds)


def test_every_error_of_the_tree_has_its_own_code_a_status_and_a_hint() -> None:
    from sotto.domain.errors import every_error

    errors = every_error()
    codes = [error.code for error in errors]
    assert SottoError in errors
    assert NotFound in errors
    shared = {code for code in codes if codes.count(code) > 1}
    assert shared == set()
    assert all(error.default_hint and 400 <= error.status < 600 for error in errors)
