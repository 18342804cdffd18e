"""Ways in beside the signed upload: an address, and a dropped file by somebody who has the documented rights alone."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import ROOT
from tests.e2e.caller import Caller, word_errors
from tests.e2e.conftest import RunningStack
from tests.integration.integrations.file_server import serving
from tests.recordings import SAMPLE_TEXT

pytestmark = pytest.mark.e2e
PATIENCE_S = 120


def client(stack: RunningStack, service: str, key_id: str, secret: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=stack["endpoint_url"],
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )


@pytest.fixture
def dropper(stack: RunningStack, user_id: str) -> Any:
    """S3, for a person who has what docs/dropbox.md says to give."""
    (policy,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs/dropbox.md").read_text(), re.DOTALL)
    for name, value in {"BUCKET": stack["bucket"], "USER_ID": user_id, "KEY_ARN": stack["outputs"]["KeyArn"]}.items():
        policy = policy.replace(name, value)
    iam = client(stack, "iam", "test", "test")
    iam.create_user(UserName="dropper")
    iam.put_user_policy(UserName="dropper", PolicyName="dropbox", PolicyDocument=json.dumps(json.loads(policy)))
    given = iam.create_access_key(UserName="dropper")["AccessKey"]
    return client(stack, "s3", given["AccessKeyId"], given["SecretAccessKey"])


@pytest.fixture
def user_id(caller: Caller) -> str:
    return str(caller.http.get("account").json()["user"]["id"])


def listed(s3: Any, stack: RunningStack, folder: str, *, until: set[str]) -> set[str]:
    """Names in the folder, once all of `until` are there."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = s3.list_objects_v2(Bucket=stack["bucket"], Prefix=folder).get("Contents", [])
        names = {entry["Key"].removeprefix(folder) for entry in found}
        if names >= until:
            return names
        assert time.monotonic() < deadline, f"expected {until}, found {names}"
        time.sleep(0.1)


def test_a_dropped_recording_is_answered_beside_it(
    stack: RunningStack, caller: Caller, dropper: Any, user_id: str
) -> None:
    bucket, folder = stack["bucket"], f"dropbox/{user_id}/talks/"
    dropper.put_object(Bucket=bucket, Key=f"dropbox/{user_id}/sotto.json", Body=b'{"model": "base"}')
    dropper.put_object(
        Bucket=bucket,
        Key=f"{folder}Café + 1.ogg",
        Body=(ROOT / "tests/audio/sample.ogg").read_bytes(),
        Tagging="sotto%3Amodel=tiny.en",
    )
    dropper.put_object(Bucket=bucket, Key=f"{folder}notes.pdf", Body=b"%PDF-1.4 no sound in here")
    wanted = {f"Café + 1.{extension}" for extension in ("ogg", "txt", "srt", "vtt", "json")}
    names = listed(dropper, stack, folder, until={*wanted, "notes.error.txt"})
    assert names == {*wanted, "notes.pdf", "notes.error.txt"}, "and no answer was answered"
    said = dropper.get_object(Bucket=bucket, Key=f"{folder}Café + 1.txt")["Body"].read().decode()
    assert word_errors(SAMPLE_TEXT, said) <= 2
    assert (
        b"code: not_a_recording\n" in dropper.get_object(Bucket=bucket, Key=f"{folder}notes.error.txt")["Body"].read()
    )
    jobs = {job["name"]: job for job in caller.http.get("jobs").json()["jobs"]}
    assert (jobs["Café + 1.ogg"]["status"], jobs["Café + 1.ogg"]["options"]["model"]) == ("COMPLETED", "tiny.en")
    assert jobs["notes.pdf"]["status"] == "FAILED"
    for key in ("dropbox/SOMEBODY/talk.wav", f"uploads/{user_id}/job/talk.wav"):
        with pytest.raises(ClientError, match="AccessDenied"):
            dropper.put_object(Bucket=bucket, Key=key, Body=b"x")


def test_a_recording_is_fetched_from_its_address(caller: Caller) -> None:
    with serving() as files:
        files.content["/talks/sample.ogg"] = (ROOT / "tests/audio/sample.ogg").read_bytes()
        files.says["/moved"] = 302, {"Location": "/talks/sample.ogg"}
        made = caller.http.post("jobs", json={"source_url": f"{files.url}/moved", "name": "a.ogg", "model": "tiny.en"})
        assert made.status_code == 201, made.text
        assert (made.json()["upload"], made.json()["job"]["stage"]) == (None, "fetching")
        job = caller.wait(made.json()["job"]["id"], patience_s=PATIENCE_S)
        assert job["status"] == "COMPLETED", job
        assert word_errors(SAMPLE_TEXT, caller.transcript(job["id"], "txt")) <= 2
        gone = caller.http.post("jobs", json={"source_url": f"{files.url}/gone.wav", "model": "tiny.en"}).json()["job"]
        assert caller.wait(gone["id"])["failure"]["code"] == "source_not_found"
    refused = caller.http.post("jobs", json={"source_url": "https://169.254.169.254/a", "model": "tiny.en"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
