"""Schemathesis asks the stack what the OpenAPI document allows and what it forbids, and finds nothing wrong.

No answer is a 5xx, none has a status, content type, header or shape that the document does not name, nothing that the
document forbids is accepted. schemathesis.toml says what is left out, and why. Before it, an integrator's day goes
through the routes that need something made first, so that in the end every route has answered with success.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT
from tests.e2e.caller import Caller
from tests.e2e.conftest import RunningStack, sotto

DOCUMENT = ROOT / "docs/api/openapi.json"
QUESTIONS = Path(__file__).with_name("schemathesis.toml")
SAMPLE = ROOT / "tests/audio/sample.ogg"
PASSWORD, OTHER_PASSWORD = "correct horse battery", "staple battery horse correct"
WITHIN_S = 400
Route = tuple[str, str]
REFUSED_HERE = {
    ("POST", "/auth/bootstrap"),  # 409: there is an administrator
    ("POST", "/auth/sign-up-request"),  # 403: administrators invite
}
"""What a stack with an administrator and without open sign-up never answers with success. test_web_app.py takes the
administrator's lock away for the first; the second succeeds in tests/integration/identity."""

pytestmark = pytest.mark.e2e


def routes() -> set[Route]:
    paths = json.loads(DOCUMENT.read_text())["paths"]
    return {(method.upper(), path) for path, operations in paths.items() for method in operations}


class Seen:
    """How often each route answered with each status."""

    def __init__(self) -> None:
        self.count: Counter[tuple[Route, int]] = Counter()
        # Fewest placeholders first, so that /jobs/batch is not taken for a job.
        ordered = sorted(routes(), key=lambda route: route[1].count("{"))
        self._forms = [(route, re.compile(re.sub(r"{\w+}", "[^/]+", route[1]))) for route in ordered]

    def hear(self, response: httpx.Response) -> None:
        method, path = response.request.method, response.request.url.path.removeprefix("/v1")
        asked_for = next(route for route, form in self._forms if route[0] == method and form.fullmatch(path))
        self.count[asked_for, response.status_code] += 1

    def succeeded(self) -> set[Route]:
        return {route for (route, status) in self.count if status < 400}


class Day:
    """One integrator's day: what is made, changed and taken away, each by its route."""

    def __init__(self, stack: RunningStack, seen: Seen) -> None:
        self.stack, self.seen, self.callers = stack, seen, list[Caller]()

    def caller(self, email: str, password: str) -> Caller:
        one = Caller(self.stack.api_url, email, password)
        self.callers.append(one)
        one.http.event_hooks["response"].append(self.seen.hear)
        self.seen.hear(one.signed_in)
        return one

    def mailed(self, name: str) -> str:
        """The token `name` of the newest mail."""
        mails = sotto("mail", "--limit", "1", "--state", str(self.stack.state)).stdout
        return mails.split(f"{name}=")[1].split()[0]

    def joins(self, root: Caller, email: str, role: str) -> Caller:
        assert root.http.post("invitations", json={"email": email, "role": role}).status_code == 204
        accepted = {"invitation": self.mailed("invitation"), "password": PASSWORD}
        assert root.http.post("auth/sign-up", json=accepted).status_code == 201
        return self.caller(email, PASSWORD)

    def account(self, one: Caller) -> None:
        """Tokens and passwords: the caller ends signed out, with PASSWORD again."""
        email = one.http.get("account").json()["user"]["email"]
        refreshed = one.http.post("auth/refresh", json={"refresh_token": one.signed_in.json()["refresh_token"]})
        one.http.headers["Authorization"] = f"Bearer {refreshed.json()['access_token']}"
        change = {"old_password": PASSWORD, "new_password": OTHER_PASSWORD}
        assert one.http.post("auth/password", json=change).status_code == 204
        assert one.http.post("auth/reset-request", json={"email": email}).status_code == 204
        reset = {"token": self.mailed("token"), "new_password": PASSWORD}
        assert one.http.post("auth/reset", json=reset).status_code == 204

    def job(self, one: Caller, **announced: Any) -> str:
        body = {"name": "talk.ogg", "size_bytes": 1000, "content_type": "audio/ogg", "model": "tiny.en", **announced}
        answer = one.http.post("jobs", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["job"]["id"])

    def jobs(self, one: Caller) -> dict[str, str]:
        """Through the states of jobs. Returns a completed one, one in the middle of a multipart upload, a spare one."""
        submitted = one.submit(SAMPLE, "audio/ogg")["id"]
        assert one.wait(submitted)["status"] == "COMPLETED"
        edit = {"base_version": 1, "operations": [{"op": "delete", "first": 0, "last": 0}]}
        assert one.http.post(f"jobs/{submitted}/edits", json=edit).status_code == 201
        assert one.http.post(f"jobs/{submitted}/revert", json={"base_version": 2, "to": 1}).status_code == 201
        assert one.http.post(f"jobs/{submitted}/retry", json={"word_times": False}).status_code == 202
        assert one.wait(submitted)["status"] == "COMPLETED"

        big = {"size_bytes": 200_000_000}
        size, part_size = 100 * 1024 * 1024 + 1, 16 * 1024 * 1024
        complete = self.job(one, size_bytes=size)
        numbers = {"numbers": list(range(1, 8))}
        parts = []
        for part in one.http.post(f"jobs/{complete}/upload/parts", json=numbers).json()["parts"]:
            content = bytes(min(part_size, size - part_size * (part["number"] - 1)))
            parts.append({"number": part["number"], "etag": httpx.put(part["url"], content=content).headers["etag"]})
        joined = one.http.post(f"jobs/{complete}/upload/complete", json={"parts": parts})
        assert joined.status_code == 200, joined.text
        assert one.http.delete(f"jobs/{self.job(one, **big)}/upload").status_code == 204
        many = {"jobs": [{"name": "a.ogg", "size_bytes": 1000, "model": "tiny.en"}]}
        assert one.http.post("jobs/batch", json=many).status_code == 200
        cancelled = self.job(one)
        assert one.http.post(f"jobs/{cancelled}/cancel").status_code == 200
        deleted = one.http.delete(f"jobs/{cancelled}")
        assert deleted.status_code == 200
        assert one.http.post("receipts/verify", json=deleted.json()).status_code == 200
        return {
            "COMPLETED_JOB": str(submitted),
            "MULTIPART_JOB": self.job(one, **big),
            "SPARE_JOB": self.job(one),
        }

    def listens(self, one: Caller) -> dict[str, str]:
        """An endpoint that refuses connections, and a delivery to it."""
        body = {"url": "http://127.0.0.1:9/", "events": ["job.failed"]}
        made = one.http.post("webhooks", json=body)
        assert made.status_code == 201, made.text
        webhook = made.json()["webhook"]["id"]
        sent = one.http.post(f"webhooks/{webhook}/test").json()["delivery"]["id"]
        assert one.http.get(f"webhooks/{webhook}/deliveries").json()["deliveries"][0]["id"] == sent
        assert one.http.post(f"webhooks/{webhook}/deliveries/{sent}/redeliver").status_code == 202
        again = one.http.post("webhooks", json=body).json()["webhook"]["id"]
        assert one.http.delete(f"webhooks/{again}").status_code == 204
        return {"WEBHOOK": str(webhook), "DELIVERY": str(sent)}

    def keys(self, one: Caller) -> None:
        key = one.http.post("keys", json={"name": "ci", "scopes": ["jobs:read"]}).json()["key"]["id"]
        assert one.http.delete(f"keys/{key}").status_code == 204

    def like_openai(self, one: Caller) -> None:
        for route in ("transcriptions", "translations"):
            answer = one.http.post(
                f"audio/{route}",
                files={"file": (SAMPLE.name, SAMPLE.read_bytes(), "audio/ogg")},
                data={"model": "base"},
                headers={"Prefer": "respond-async"},
            )
            assert answer.status_code == 202, answer.text


def asked(report: Path) -> Counter[tuple[Route, int]]:
    """What schemathesis asked and got, from its own report."""
    found: Counter[tuple[Route, int]] = Counter()
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder") or {"cases": {}, "interactions": {}}
        for name, interaction in recorder["interactions"].items():
            case = recorder["cases"][name]["value"]
            if interaction["response"]:
                found[(case["method"], case["path"]), interaction["response"]["status_code"]] += 1
    return found


@pytest.fixture
def day(stack: RunningStack) -> Iterator[Day]:
    one = Day(stack, Seen())
    yield one
    for caller in one.callers:
        caller.http.close()


@pytest.fixture
def unhurried(stack: RunningStack) -> Iterator[None]:
    """Forget how often passwords were tried from this machine: schemathesis tries many, others have to sign in."""
    yield
    stack.delete_rows("sk = :tries", {":tries": "TRIES"})


@pytest.mark.usefixtures("unhurried")
def test_whatever_is_asked_the_answer_is_in_the_document(stack: RunningStack, day: Day, tmp_path: Path) -> None:
    seen = day.seen
    root = day.caller(*stack.credentials)
    spare = day.joins(root, "spare@example.org", "user")
    spare_id = spare.http.get("account").json()["user"]["id"]
    day.account(spare)
    prober = day.joins(root, "prober@example.org", "admin")
    leaver = day.joins(root, "leaver@example.org", "user")
    made = {**day.jobs(prober), **day.listens(prober), "SPARE_USER": str(spare_id)}
    day.keys(prober)
    day.like_openai(prober)

    made |= {"PROBER": prober.token, "LEAVER": leaver.token}

    report, questions = tmp_path / "asked.ndjson", tmp_path / "schemathesis.toml"
    questions.write_text(Template(QUESTIONS.read_text()).substitute(made))
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(questions)),
            *("run", str(DOCUMENT), "--url", stack.api_url, "--report-ndjson-path", str(report), "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr

    seen.count.update(asked(report))
    assert {route for route, _ in seen.count} >= routes()
    assert sorted(routes() - seen.succeeded()) == sorted(REFUSED_HERE), "give the new routes a place in the day"
    assert httpx.get(f"{stack.api_url}/openapi.json").json() == json.loads(DOCUMENT.read_text())
