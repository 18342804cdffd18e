"""The gateway: every route is listed, guarded unless it is public, bounded, and answers in our words."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from sotto.domain.access import PUBLIC, ROUTE_SCOPES
from sotto.domain.errors import every_error
from tests.unit.template.conftest import Resources, functions_of, of_type

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
ANSWERED_BY_GATEWAY = {
    "UNAUTHORIZED": (401, "unauthenticated"),
    "ACCESS_DENIED": (401, "unauthenticated"),
    "MISSING_AUTHENTICATION_TOKEN": (404, "not_found"),
    "RESOURCE_NOT_FOUND": (404, "not_found"),
    "REQUEST_TOO_LARGE": (413, "too_large"),
    "THROTTLED": (429, "limit_reached"),
    "QUOTA_EXCEEDED": (429, "limit_reached"),
    "INTEGRATION_TIMEOUT": (503, "unavailable"),
    "AUTHORIZER_FAILURE": (503, "unavailable"),
    "AUTHORIZER_CONFIGURATION_ERROR": (503, "unavailable"),
    "BAD_REQUEST_BODY": (400, "rejected"),
    "BAD_REQUEST_PARAMETERS": (400, "rejected"),
    "UNSUPPORTED_MEDIA_TYPE": (400, "rejected"),
    "DEFAULT_4XX": (400, "rejected"),
    "DEFAULT_5XX": (500, "internal_error"),
}


@pytest.fixture(scope="module")
def api(resources: Resources) -> dict[str, Any]:
    (found,) = of_type(resources, "AWS::Serverless::Api").values()
    return found


def _routes(resources: Resources) -> dict[tuple[str, str], dict[str, Any]]:
    routes: dict[tuple[str, str], dict[str, Any]] = {}
    for properties in functions_of(resources).values():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "Api":
                route = event["Properties"]["Method"], event["Properties"]["Path"]
                assert route not in routes, f"{route} is listed twice"
                routes[route] = event["Properties"]
    return routes


def test_the_routes_are_those_of_the_access_table(resources: Resources) -> None:
    assert set(_routes(resources)) == PUBLIC | set(ROUTE_SCOPES)


def test_methods_are_listed_one_by_one(resources: Resources) -> None:
    assert {method for method, _ in _routes(resources)} <= METHODS


def test_every_route_has_the_authorizer_except_the_public_list(resources: Resources) -> None:
    without = {route for route, one in _routes(resources).items() if one.get("Auth") == {"Authorizer": "NONE"}}
    assert without == PUBLIC
    assert all("Auth" not in one for route, one in _routes(resources).items() if route not in PUBLIC)


def test_every_route_belongs_to_this_api(resources: Resources) -> None:
    assert all(one["RestApiId"] == {"Ref": "Api"} for one in _routes(resources).values())


def test_the_authorizer_is_asked_with_the_whole_request_and_remembered_briefly(api: dict[str, Any]) -> None:
    auth = api["Auth"]
    caller = auth["Authorizers"][auth["DefaultAuthorizer"]]
    assert caller["FunctionPayloadType"] == "REQUEST"
    assert caller["FunctionArn"] == {"Ref": "AuthorizerFunction.Alias"}
    assert caller["Identity"]["Headers"] == ["Authorization"]
    assert 0 < caller["Identity"]["ReauthorizeEvery"] <= 60


def test_the_stage_is_throttled_and_sign_in_more_so(api: dict[str, Any]) -> None:
    whole, sign_in = api["MethodSettings"]
    assert (whole["HttpMethod"], whole["ResourcePath"]) == ("*", "/*")
    assert whole["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert sign_in["ResourcePath"].replace("~1", "/") == "//auth/sign-in"
    assert sign_in["ThrottlingRateLimit"] == {"Ref": "SignInsPerSecond"}


def test_a_gateway_key_is_bounded_by_the_usage_plan(resources: Resources) -> None:
    (plan,) = of_type(resources, "AWS::ApiGateway::UsagePlan").values()
    assert plan["ApiStages"] == [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Api.Stage"}}]
    assert plan["Throttle"] == {"RateLimit": {"Ref": "RequestsPerSecond"}, "BurstLimit": {"Ref": "RequestBurst"}}
    assert plan["Quota"] == {"Limit": {"Ref": "RequestsPerMonth"}, "Period": "MONTH"}


def test_a_web_acl_stands_before_the_stage_when_one_is_named(template: dict[str, Any], resources: Resources) -> None:
    acl = resources["WebAcl"]
    assert template["Conditions"][acl["Condition"]] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebAclArn"}, ""]}]}
    assert acl["Properties"]["WebACLArn"] == {"Ref": "WebAclArn"}
    assert acl["Properties"]["ResourceArn"]["Fn::Sub"].endswith("/restapis/${Api}/stages/${Api.Stage}")


def test_nothing_of_a_request_but_its_shape_is_logged(api: dict[str, Any]) -> None:
    assert {one["DataTraceEnabled"] for one in api["MethodSettings"]} == {False}
    fields = re.findall(r"\$context\.[A-Za-z.]+", api["AccessLogSetting"]["Format"])
    assert "$context.requestId" in fields
    assert not [field for field in fields if "header" in field.lower() or field == "$context.path"]
    json.loads(re.sub(r"\$context\.[A-Za-z.]+", "x", api["AccessLogSetting"]["Format"]))


def test_the_gateway_answers_every_case_that_we_know(api: dict[str, Any]) -> None:
    assert set(api["GatewayResponses"]) == set(ANSWERED_BY_GATEWAY)


@pytest.mark.parametrize("kind", sorted(ANSWERED_BY_GATEWAY))
def test_the_gateway_answers_in_our_words(api: dict[str, Any], kind: str) -> None:
    status, code = ANSWERED_BY_GATEWAY[kind]
    answer = api["GatewayResponses"][kind]
    (content_type, text), *more = answer["ResponseTemplates"].items()
    assert (content_type, more) == ("application/json", [])  # the only one that the gateway uses
    assert answer["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'"
    body = json.loads(text)
    assert set(body) == {"type", "title", "status", "detail", "code", "hint", "request_id"}
    assert body["request_id"] == "$context.requestId"
    assert (body["code"], body["type"]) == (code, f"urn:sotto:error:{code}")
    error = next(one for one in every_error() if one.code == code)
    assert body["title"] == error.title
    assert answer["StatusCode"] == body["status"] == status == error.status
    assert "$context.error" not in text


@pytest.mark.parametrize("kind", ["THROTTLED", "QUOTA_EXCEEDED", "INTEGRATION_TIMEOUT", "AUTHORIZER_FAILURE"])
def test_who_must_wait_is_told_how_long(api: dict[str, Any], kind: str) -> None:
    headers = api["GatewayResponses"][kind]["ResponseParameters"]["Headers"]
    assert int(headers["Retry-After"].strip("'")) > 0


@pytest.mark.parametrize("kind", ["UNAUTHORIZED", "ACCESS_DENIED"])
def test_who_is_unknown_is_told_how_to_sign_in(api: dict[str, Any], kind: str) -> None:
    assert api["GatewayResponses"][kind]["ResponseParameters"]["Headers"]["WWW-Authenticate"] == "'Bearer'"


def test_bytes_stay_bytes_on_aws_and_on_the_emulator(api: dict[str, Any]) -> None:
    assert api["BinaryMediaTypes"] == ["*/*"]
