"""Bad input and trouble: what the caller is told, and that nothing is lost."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import jwt
import numpy as np
import psutil
import pytest

from infra.local.places import Places
from infra.local.status import is_running
from sotto.adapters.argon2_passwords import Argon2Passwords
from sotto.adapters.dynamo_jobs import DynamoJobs
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.adapters.ed25519_keys import private_key, public_x, thumbprint
from sotto.workflows.create_admin import create_admin
from tests.e2e.caller import Caller, word_errors
from tests.e2e.conftest import START_WITHIN_S, RunningStack, sotto
from tests.recordings import FORMS, RATE, SAMPLE_TEXT, SMALL_FLAC, SMALL_MP3, sample, write
from tests.waiting import until

pytestmark = pytest.mark.e2e


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem details of an answer, complete and with the expected status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    said = answer.json()
    assert said["code"] == code
    assert said["type"] == f"urn:sotto:error:{code}"
    assert said["status"] == status
    assert all(said[key] for key in ("title", "detail", "hint", "request_id"))
    return dict(said)


@pytest.mark.parametrize(
    ("changes", "status", "code", "says"),
    [
        ({"model": "huge"}, 400, "invalid_input", "model: expected one of"),
        ({"language": "klingon"}, 400, "invalid_input", "language: expected"),
        ({"language": "de"}, 400, "invalid_input", "because tiny.en knows English only"),
        ({"task": "translate"}, 400, "invalid_input", "tiny.en cannot translate"),
        ({"task": "sing"}, 400, "invalid_input", "task: expected"),
        ({"content_type": "text/html"}, 400, "invalid_input", "content_type: expected audio/*"),
        ({"size_bytes": 0}, 422, "recording_empty", "size_bytes: expected at least 1, found 0"),
        ({"size_bytes": 10**15}, 413, "recording_too_large", "size_bytes: expected at most"),
        ({"size_bytes": "many"}, 400, "invalid_input", "size_bytes: expected"),
        ({"name": "///"}, 400, "invalid_input", "name: expected a file name"),
        ({"sha256": "abc"}, 400, "invalid_input", "sha256: expected"),
        ({"sha256": "0" * 64, "size_bytes": 200_000_000}, 400, "invalid_input", "sha256: expected nothing for"),
        ({"colour": "red"}, 400, "invalid_input", "colour: expected"),
    ],
)
def test_a_bad_request_names_key_expected_and_found(
    caller: Caller, changes: dict[str, Any], status: int, code: str, says: str
) -> None:
    request = {"name": "a.wav", "size_bytes": 10, "content_type": "audio/wav", "model": "tiny.en", **changes}
    assert says in problem(caller.http.post("jobs", json=request), status, code)["detail"]


def test_the_bucket_refuses_more_bytes_than_were_announced(caller: Caller) -> None:
    accepted = caller.create("a.wav", b"x" * 10, "audio/wav")
    answer = httpx.put(accepted["upload"]["url"], content=b"x" * 11, headers={"Content-Type": "audio/wav"})
    assert answer.status_code == 403
    assert caller.job(accepted["job"]["id"])["status"] == "AWAITING_UPLOAD"


def test_the_bucket_refuses_other_bytes_than_were_announced(caller: Caller, tmp_path: Path) -> None:
    content = write(tmp_path / "talk.flac", sample(), SMALL_FLAC).read_bytes()
    accepted = caller.create("talk.flac", content, "audio/flac", sha256=hashlib.sha256(content).hexdigest())
    damaged = content[:-1] + bytes([content[-1] ^ 1])
    assert caller.upload(accepted, damaged).status_code == 400
    assert caller.job(accepted["job"]["id"])["status"] == "AWAITING_UPLOAD"
    assert caller.upload(accepted, content).status_code == 200
    assert caller.wait(accepted["job"]["id"])["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("notes.mp3", b"Dear diary, this is no recording at all.\n" * 100, "not_a_recording"),
        ("noise.wav", bytes(range(256)) * 64, "not_a_recording"),
    ],
)
def test_what_is_no_recording_fails_with_a_reason(caller: Caller, name: str, content: bytes, code: str) -> None:
    accepted = caller.create(name, content, "audio/mpeg")
    caller.upload(accepted, content)
    job = caller.wait(accepted["job"]["id"])
    assert (job["status"], job["failure"]["code"]) == ("FAILED", code)
    assert job["failure"]["message"]
    assert job["failure"]["hint"]
    problem(caller.http.get(f"jobs/{job['id']}/transcript"), 409, "wrong_state")


def test_an_m4a_that_ends_before_its_index_is_damaged(caller: Caller, tmp_path: Path) -> None:
    content = write(tmp_path / "talk.m4a", sample(), FORMS["m4a index last"]).read_bytes()
    accepted = caller.create("talk.m4a", content[: len(content) // 2], "audio/mp4")
    caller.upload(accepted, content[: len(content) // 2])
    assert caller.wait(accepted["job"]["id"])["failure"]["code"] == "recording_damaged"


def test_of_a_truncated_mp3_what_is_there_is_transcribed(caller: Caller, tmp_path: Path) -> None:
    content = write(tmp_path / "talk.mp3", sample(), SMALL_MP3).read_bytes()
    half = content[: len(content) // 2]
    accepted = caller.create("talk.mp3", half, "audio/mpeg")
    caller.upload(accepted, half)
    job = caller.wait(accepted["job"]["id"])
    assert job["status"] == "COMPLETED", job["failure"]
    assert job["duration_s"] == pytest.approx(len(sample()) / RATE / 2, rel=0.1)
    told = (
        f"The file says that it lasts {len(sample()) / RATE:.0f} s, but its sound ends after {job['duration_s']:.0f} s"
    )
    assert job["warnings"] == [f"{told}: it may be cut off."]
    assert caller.transcript(job["id"], "txt").startswith("The lighthouse keeper wrote a letter")


def test_silence_gives_an_empty_transcript(caller: Caller, tmp_path: Path) -> None:
    path = write(tmp_path / "silence.flac", np.zeros(60 * RATE, np.float32), SMALL_FLAC)
    job = caller.wait(caller.submit(path, "audio/flac", model="base")["id"])
    assert job["status"] == "COMPLETED", job["failure"]
    assert caller.transcript(job["id"], "txt") == ""
    assert json.loads(caller.transcript(job["id"], "json"))["segments"] == []


def test_five_hours_are_planned_not_loaded(caller: Caller, tmp_path: Path) -> None:
    path = write(tmp_path / "day.flac", np.zeros(5 * 3600 * RATE, np.float32), SMALL_FLAC)
    job = caller.submit(path, "audio/flac")
    planned = caller.wait(job["id"], "QUEUED", "PROCESSING", "FAILED")
    assert planned["progress"]["parts_total"] == 75
    assert planned["duration_s"] == pytest.approx(18_000, abs=0.1)
    assert caller.http.delete(f"jobs/{job['id']}").status_code == 200


def test_events_may_come_twice_out_of_order_and_as_a_test(
    caller: Caller, stack: Any, tmp_path: Path, events: Path
) -> None:
    path = write(tmp_path / "talk.mp3", sample(), SMALL_MP3)
    content = path.read_bytes()
    accepted = caller.create(path.name, content, "audio/mpeg")
    queue = stack["queues"]["arrived"]
    sqs = stack.aws("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody=(events / "2b-s3-test-event.json").read_text())
    event = json.loads((events / "2-object-created.json").read_text())
    key = httpx.URL(accepted["upload"]["url"]).raw_path.decode().split("?")[0].split(f"/{stack['bucket']}/")[-1]
    event["Records"][0]["s3"]["object"]["key"] = key
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))  # before the object is there
    assert caller.upload(accepted, content).status_code == 200
    for _ in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    job = caller.wait(accepted["job"]["id"])
    assert job["status"] == "COMPLETED", job["failure"]
    assert word_errors(SAMPLE_TEXT, caller.transcript(job["id"], "txt")) <= 3


def test_a_part_that_always_fails_ends_in_a_failed_job_that_an_operator_redrives(
    caller: Caller, stack: Any, tmp_path: Path
) -> None:
    content = write(tmp_path / "talk.mp3", sample(), SMALL_MP3).read_bytes()
    accepted = caller.create("talk.mp3", content, "audio/mpeg")
    with paused(stack["pids"]["event_source"]):  # so that the part waits until its recording is gone
        caller.upload(accepted, content)
        job = caller.wait(accepted["job"]["id"], "QUEUED", "FAILED")
        s3 = stack.aws("s3")
        for version in s3.list_object_versions(Bucket=stack["bucket"], Prefix="uploads/")["Versions"]:
            if job["id"] in version["Key"]:
                key = version["Key"]
                s3.delete_object(Bucket=stack["bucket"], Key=key, VersionId=version["VersionId"])
    failed = caller.wait(job["id"])
    assert (failed["status"], failed["failure"]["code"]) == ("FAILED", "recording_replaced")
    assert failed["failure"]["hint"]

    def redrive(**how: Any) -> list[str]:
        answer = caller.http.post("admin/dlq/redrive", json={"job_id": job["id"], **how})
        assert answer.status_code == 200, answer.text
        return [letter["outcome"] for letter in answer.json()["letters"]]

    def codes() -> list[str]:
        letters = caller.http.get("admin/dlq", params={"job_id": job["id"]}).json()["letters"]
        return [letter["failure"]["code"] for letter in letters]

    until(codes)  # its letter is kept after its job has failed
    assert codes() == ["recording_replaced"]
    s3.put_object(Bucket=stack["bucket"], Key=key, Body=content)
    assert redrive(dry_run=True) == ["would_be_redriven"]
    assert caller.job(job["id"])["status"] == "FAILED"
    assert redrive() == ["redriven"]
    completed = caller.wait(job["id"], "COMPLETED")
    assert completed["attempt"] == 2
    assert word_errors(SAMPLE_TEXT, caller.transcript(job["id"], "txt")) <= 3
    assert redrive() == []


REPEATS = 12  # about three minutes of speech: time enough to be killed in


def begin_long_job(caller: Caller, folder: Path) -> str:
    """A job that is being transcribed now, and will be for a while; its id."""
    path = write(folder / "long.mp3", np.concatenate([sample()] * REPEATS), SMALL_MP3)
    job_id = str(caller.submit(path, "audio/mpeg", model="base")["id"])
    caller.wait(job_id, "PROCESSING")
    return job_id


def all_of_it_is_said_once(caller: Caller, job_id: str) -> None:
    ended = wait_through_restarts(caller, job_id)
    assert ended["status"] == "COMPLETED", ended["failure"]
    text = caller.transcript(job_id, "txt")
    assert word_errors(" ".join([SAMPLE_TEXT] * REPEATS), text) <= 0.05 * REPEATS * len(SAMPLE_TEXT.split())


@pytest.mark.parametrize("victim", ["transcribe", "transcribe's worker", "event_source", "edge", "emulator"])
def test_any_process_may_be_killed_in_the_middle_of_a_job(
    caller: Caller, tmp_path: Path, pids: Callable[[], dict[str, int]], victim: str
) -> None:
    def pid() -> int:
        name, _, of_it = victim.partition("'s ")
        return psutil.Process(pids()[name]).children()[0].pid if of_it else pids()[name]

    job_id, before = begin_long_job(caller, tmp_path), pid()
    os.kill(before, signal.SIGKILL)
    all_of_it_is_said_once(caller, job_id)
    assert pid() != before


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_the_whole_stack_may_end_in_the_middle_of_a_job_and_begin_again(
    caller: Caller, stack: RunningStack, tmp_path: Path, end: str
) -> None:
    job_id, place = begin_long_job(caller, tmp_path), ("--state", str(stack.state))
    if end == "killed":
        os.kill(stack["pid"], signal.SIGKILL)
        until(lambda: not is_running(Places(state=stack.state)))
    else:
        assert sotto("down", *place).returncode == 0
    started = sotto("up", "--detach", *place, within_s=START_WITHIN_S)
    assert started.returncode == 0, started.stdout + started.stderr
    assert str(caller.http.base_url).rstrip("/") == stack.api_url, "an address that was handed out stays true"
    all_of_it_is_said_once(caller, job_id)


def test_intake_may_be_killed_while_it_looks_into_a_recording(
    caller: Caller, stack: RunningStack, tmp_path: Path, pids: Callable[[], dict[str, int]]
) -> None:
    path = write(tmp_path / "talk.mp3", sample(), SMALL_MP3)
    assert caller.wait(caller.submit(path, "audio/mpeg")["id"])["status"] == "COMPLETED"  # it has a process now
    functions = psutil.Process(pids()["emulator"]).children()
    intake = [one for one in functions if one.environ().get("AWS_LAMBDA_FUNCTION_NAME") == "sotto-intake"]
    assert intake
    for process in intake:
        process.suspend()
    job = caller.submit(path, "audio/mpeg")
    hidden = "ApproximateNumberOfMessagesNotVisible"
    queue = {"QueueUrl": stack["queues"]["arrived"], "AttributeNames": [hidden]}
    until(lambda: stack.aws("sqs").get_queue_attributes(**queue)["Attributes"][hidden] == "1")
    for process in intake:
        process.kill()
    done = caller.wait(job["id"])
    assert done["status"] == "COMPLETED", done["failure"]
    assert word_errors(SAMPLE_TEXT, caller.transcript(job["id"], "txt")) <= 3


def wait_through_restarts(caller: Caller, job_id: str) -> dict[str, Any]:
    """Like Caller.wait, but the API itself may be gone for a while."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        try:
            answer = caller.http.get(f"jobs/{job_id}")
        except httpx.TransportError:
            continue
        if answer.status_code == 200 and answer.json()["job"]["status"] in ("COMPLETED", "FAILED"):
            return dict(answer.json()["job"])
        time.sleep(0.2)
    raise AssertionError(f"job {job_id} did not end")


def test_an_upload_that_never_comes_expires_with_a_reason(caller: Caller, stack: RunningStack) -> None:
    job_id = caller.create("a.wav", b"x" * 10, "audio/wav")["job"]["id"]
    jobs, owner = DynamoJobs(stack.aws("dynamodb"), stack["table"]), caller.http.get("account").json()["user"]["id"]
    jobs.postpone(jobs.get(owner, job_id), "2026-01-01T00:00:00.000Z")  # its time has passed
    stack.aws("lambda").invoke(FunctionName="sotto-reconcile", Qualifier="live")
    job = caller.job(job_id)
    assert (job["status"], job["failure"]["code"]) == ("EXPIRED", "upload_never_finished")
    assert job["failure"]["hint"]
    problem(caller.http.get(f"jobs/{job_id}/transcript"), 409, "wrong_state")


def test_without_a_good_token_nobody_gets_in(caller: Caller, stack: RunningStack) -> None:
    token = caller.token
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    other = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "somebody"}).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    secret = stack.aws("secretsmanager").get_secret_value(SecretId=stack["outputs"]["SigningSecretArn"])
    key = private_key(json.loads(secret["SecretString"])["seed"])

    def signed(**changes: int) -> str:
        """Signed as the service signs."""
        named = {"kid": thumbprint(public_x(key))}
        return f"Bearer {jwt.encode({**claims, **changes}, key, algorithm='EdDSA', headers=named)}"

    def ask(authorization: str) -> httpx.Response:
        headers = {"Authorization": authorization} if authorization else {}
        return httpx.get(f"{caller.http.base_url}jobs", headers=headers, timeout=30)

    assert ask(signed()).status_code == 200, "what is refused below is refused for its own reason"
    expired = signed(iat=claims["iat"] - 7200, exp=claims["iat"] - 3600)
    tampered = f"Bearer {head}.{other}.{signature}"
    for bad in ("", "Bearer x", expired, tampered, f"Bearer {none}.{body}.", f"Bearer {token}x"):
        problem(ask(bad), 401, "unauthenticated")


def test_what_does_not_exist_and_what_is_somebody_elses_look_the_same(
    caller: Caller, stack: RunningStack, tmp_path: Path
) -> None:
    users, password = DynamoUsers(stack.aws("dynamodb"), stack["table"]), secrets.token_urlsafe(12)
    create_admin(users, Argon2Passwords(), "other@example.org", password)
    job_id = caller.submit(write(tmp_path / "mine.flac", sample(), SMALL_FLAC), "audio/flac")["id"]
    assert caller.wait(job_id)["status"] == "COMPLETED"
    other = Caller(stack.api_url, "other@example.org", password)
    with closing(other.http):
        assert other.http.get("jobs").json()["jobs"] == []
        for path in (f"jobs/{job_id}", f"jobs/{job_id}/transcript", "jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV"):
            problem(other.http.get(path), 404, "not_found")
        problem(other.http.delete(f"jobs/{job_id}"), 404, "not_found")
        problem(other.http.post(f"jobs/{job_id}/retry", json={}), 404, "not_found")
    assert caller.transcript(job_id, "txt")


class paused:  # noqa: N801 - reads as a statement
    """Stop a process for the length of a `with` block."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def __enter__(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGCONT)
