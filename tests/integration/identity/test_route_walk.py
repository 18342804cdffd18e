"""Every route of docs/api/openapi.json against every way of not being allowed.

No route can be forgotten: house tests hold that document to the handlers, and the first test here to the template.
"""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import jwt
import pytest

from sotto.adapters.ed25519_keys import private_key, public_x, thumbprint
from sotto.domain.identity import Scope
from tests.conftest import ROOT
from tests.integration.identity.requests import BODIES, QUERIES
from tests.integration.identity.world import AUDIENCE, ISSUER, SEED, Route, World, routes_of_template

SECURITY: dict[Route, list[dict[str, list[str]]]] = {
    (method.upper(), path): operation["security"]
    for path, operations in json.loads((ROOT / "docs/api/openapi.json").read_text())["paths"].items()
    for method, operation in operations.items()
}
OPEN = {route for route, security in SECURITY.items() if not security}
SCOPES = {route: Scope(security[0]["bearer"][0]) for route, security in SECURITY.items() if security}
PROTECTED = sorted(SCOPES)
OWNED = [route for route in PROTECTED if "{" in route[1] and "{user_id}" not in route[1]]
NOBODYS = {"key_id": "ffffffffff"}
"""Ids of things that are not there, where the form of one matters."""


def path_of(route: Route, **known: str) -> dict[str, str]:
    return {name: known.get(name, NOBODYS.get(name, "01NOTHING")) for name in re.findall(r"{(\w+)}", route[1])}


def request(world: World, route: Route, known: dict[str, str] | None = None, **credentials: Any) -> Any:
    return world.call(
        *route, body=BODIES.get(route), query=QUERIES.get(route), **credentials, **path_of(route, **(known or {}))
    )


def part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def forged(claims: dict[str, Any], seed: str = SEED, kid_of: str = SEED, **changes: Any) -> str:
    headers = {"kid": thumbprint(public_x(private_key(kid_of)))}
    return jwt.encode({**claims, **changes}, private_key(seed), algorithm="EdDSA", headers=headers)


def bad_tokens(good: str) -> dict[str, str]:
    """Each differs from a good token in one thing."""
    claims = jwt.decode(good, options={"verify_signature": False})
    head, body, signature = good.split(".")
    past = int(time.time()) - 3600
    return {
        "empty": "",
        "nonsense": "x.y.z",
        "expired": forged(claims, iat=past, exp=past + 900),
        "tampered": f"{head}.{part({**claims, 'role': 'admin'})}.{signature}",
        "alg none": f"{part({'alg': 'none', 'kid': jwt.get_unverified_header(good)['kid']})}.{body}.",
        "wrong issuer": forged(claims, iss="urn:other"),
        "wrong audience": forged(claims, aud="other-api"),
        "wrong key": forged(claims, seed="cd" * 32),
        "unknown key": forged(claims, seed="cd" * 32, kid_of="cd" * 32),
        "another session": forged(claims, sid="no-such-session"),
        "unknown user": forged(claims, sub="01NOBODY"),
    }


def test_the_document_and_the_template_agree() -> None:
    functions, public = routes_of_template()
    assert set(SECURITY) == set(functions)
    assert public == OPEN


def test_a_good_token_is_good(world: World) -> None:
    """What the walk below refuses is refused for the stated reason, because this one passes."""
    good = world.sign_in()["access_token"]
    claims = jwt.decode(good, options={"verify_signature": False})
    assert (claims["iss"], claims["aud"]) == (ISSUER, AUDIENCE)
    for route in PROTECTED:
        if route not in {("POST", "/auth/sign-out-everywhere"), ("POST", "/auth/password")}:
            assert request(world, route, token=forged(claims)).status not in (401, 403), route


def test_without_a_credential_every_protected_route_is_closed(world: World) -> None:
    for route in PROTECTED:
        assert request(world, route).status == 401, route
        assert request(world, route, headers={"Authorization": "Basic YTpi"}).status == 401, route
        assert request(world, route, headers={"X-API-Key": "sk_guess"}).status == 401, route


def test_every_bad_token_is_refused_on_every_route(world: World) -> None:
    good = world.sign_in()["access_token"]
    for name, token in bad_tokens(good).items():
        for route in PROTECTED:
            assert request(world, route, token=token).status == 401, (name, route)


def test_a_signed_out_caller_is_refused_on_every_route(world: World) -> None:
    tokens = world.sign_in()
    assert world.call("POST", "/auth/sign-out", body={"refresh_token": tokens["refresh_token"]}).status == 204
    for route in PROTECTED:
        assert request(world, route, token=tokens["access_token"]).status == 401, route


def test_a_disabled_user_is_refused_on_every_route_by_token_and_by_key(world: World) -> None:
    tokens = world.join("disabled@example.org")["access_token"]
    user = world.call("GET", "/account", token=tokens).body["user"]["id"]
    key = make_key(world, tokens)
    change = world.call("PATCH", "/users/{user_id}", body={"disabled": True}, token=admin(world), user_id=user)
    assert change.status == 200
    for route in PROTECTED:
        assert request(world, route, token=tokens).status == 401, route
        assert request(world, route, token=key).status == 401, route
    again = world.call("PATCH", "/users/{user_id}", body={"disabled": False}, token=admin(world), user_id=user)
    assert again.status == 200
    assert world.call("GET", "/jobs", token=key).status == 200  # the key slept; sessions ended for good
    assert world.call("GET", "/jobs", token=tokens).status == 401


def test_a_revoked_key_is_refused_on_every_route(world: World) -> None:
    token = admin(world)
    key = make_key(world, token)
    assert world.call("GET", "/jobs", token=key).status == 200
    key_id = world.call("GET", "/keys", token=token).body["keys"][-1]["id"]
    assert world.call("DELETE", "/keys/{key_id}", token=token, key_id=key_id).status == 204
    for route in PROTECTED:
        assert request(world, route, token=key).status == 401, route
        assert request(world, route, headers={"X-API-Key": key}).status == 401, route


@pytest.mark.parametrize("scope", sorted(set(SCOPES.values())))
def test_a_key_without_the_scope_is_refused_where_the_scope_is_needed_and_only_there(
    world: World, scope: Scope
) -> None:
    scopes = sorted(set(Scope) - {scope, Scope.ACCOUNT})
    key = make_key(world, admin(world), scopes)
    for route in PROTECTED:
        answer = request(world, route, token=key)
        needed = SCOPES[route]
        if needed in (scope, Scope.ACCOUNT):
            assert answer.status == 403, route
            assert needed in json.dumps(answer.body), route  # the refusal names the scope
        else:
            assert answer.status not in (401, 403), route


def test_nobody_reaches_somebody_elses_object(world: World) -> None:
    """404, as for an object that never was: the answer does not tell that it exists."""
    ada, eve = world.join("ada@example.org")["access_token"], world.join("eve@example.org")["access_token"]
    job = world.call("POST", "/jobs", body=BODIES["POST", "/jobs"], token=ada).body["job"]["id"]
    key = world.call("POST", "/keys", body={"name": "ci", "scopes": ["jobs:read"]}, token=ada).body["key"]["id"]
    made = world.call("POST", "/webhooks", body=BODIES["POST", "/webhooks"], token=ada)
    assert made.status == 201, made.body
    known = {"job_id": job, "key_id": key, "webhook_id": made.body["webhook"]["id"]}
    placeholders = {name for _, path in OWNED for name in re.findall(r"{(\w+)}", path)}
    assert placeholders - set(known) <= {"delivery_id"}, "make one of Ada's, so that Eve can try to reach it"
    for route in OWNED:
        theirs, nobodys = request(world, route, known, token=eve), request(world, route, token=eve)
        assert nobodys.status == 404, f"{route}: add a good body or query to requests.py; {nobodys.body}"
        assert (theirs.status, theirs.body["code"]) == (404, nobodys.body["code"]), route
    assert world.call("GET", "/jobs/{job_id}", token=ada, job_id=job).status == 200
    assert [one["id"] for one in world.call("GET", "/keys", token=ada).body["keys"]] == [key]
    assert world.call("GET", "/jobs", token=eve).body["jobs"] == []


def test_a_presigned_upload_is_bound_to_owner_type_length_and_minutes(world: World) -> None:
    ada = world.join("upload@example.org")["access_token"]
    user = world.call("GET", "/account", token=ada).body["user"]["id"]
    made = world.call("POST", "/jobs", body=BODIES["POST", "/jobs"], token=ada).body
    upload = made["upload"]
    assert f"/uploads/{user}/{made['job']['id']}/" in upload["url"]
    assert "X-Amz-Expires=3600" in upload["url"]
    signed = upload["url"].split("X-Amz-SignedHeaders=")[1].split("&")[0]
    assert {"content-length", "content-type"} <= set(signed.replace("%3B", ";").split(";"))


def admin(world: World) -> str:
    return str(world.sign_in()["access_token"])


def make_key(world: World, token: str, scopes: list[Scope] | None = None) -> str:
    body = {"name": "walk", "scopes": scopes or ["jobs:read", "jobs:write"]}
    answer = world.call("POST", "/keys", body=body, token=token)
    assert answer.status == 201, answer.body
    return str(answer.body["secret"])
