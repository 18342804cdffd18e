"""A webhook hears how a job ended, through the table's stream of the whole stack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import standardwebhooks

from tests.conftest import ROOT
from tests.e2e.caller import Caller
from tests.integration.integrations.receiver import Receiver, receiving
from tests.waiting import until

pytestmark = pytest.mark.e2e
PATIENCE_S = 60


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def wait_for(receiver: Receiver, count: int) -> None:
    until(lambda: len(receiver.got) >= count, PATIENCE_S)


def test_a_job_that_ends_is_told_and_a_failed_message_comes_again(caller: Caller, receiver: Receiver) -> None:
    made = caller.http.post("webhooks", json={"url": receiver.url.replace("localhost", "127.0.0.1")})
    assert made.status_code == 201, made.text
    webhook_id, secret = made.json()["webhook"]["id"], made.json()["secret"]
    try:
        tried = caller.http.post(f"webhooks/{webhook_id}/test")
        assert tried.status_code == 202
        wait_for(receiver, 1)
        job = caller.submit(ROOT / "tests/audio/sample.ogg", "audio/ogg")
        assert caller.wait(job["id"])["status"] == "COMPLETED"
        wait_for(receiver, 2)
        for headers, body in receiver.got:
            signed = {name.lower(): value for name, value in headers.items()}
            told = standardwebhooks.Webhook(secret).verify(body, signed)
        assert told["type"] == "job.completed"
        assert told["data"]["job"]["id"] == job["id"]
        assert told["data"]["job"]["status"] == "COMPLETED"
        log = caller.http.get(f"webhooks/{webhook_id}/deliveries").json()["deliveries"]
        assert [one["type"] for one in log] == ["job.completed", "webhook.test"]
    finally:
        assert caller.http.delete(f"webhooks/{webhook_id}").status_code == 204
