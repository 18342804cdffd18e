"""Starts the emulator's function workers before anybody waits for them: the first call of each costs about a second.

Only what a person meets at once is warmed: the functions behind the API, by real requests through the edge, and
intake, by the event that a bucket sends when it is set up. `mark_failed` and `reconcile` start when they have something
to do.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from infra.local.emulator import Aws
from infra.local.errors import StackError

NOBODYS_JOB = "00000000000000000000000000"
WITHIN_S = 30
TEST_EVENT = {
    "Records": [
        {
            "messageId": "warm-up",
            "receiptHandle": "none",
            "body": json.dumps({"Event": "s3:TestEvent"}),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:warm-up",
        }
    ]
}
"""What a bucket sends when its notifications are set up: it means nothing to do."""


def warm(aws: Aws, stack: str, api_url: str, sign_in: Callable[[], str]) -> None:
    """Call each function once. `sign_in` answers an access token, and warms auth by that. Raises StackError."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        calls = [
            pool.submit(expect, f"{api_url}/livez", HTTPStatus.OK),
            pool.submit(_call_behind_the_authorizer, api_url, sign_in),
            pool.submit(_invoke, aws, f"{stack}-intake", TEST_EVENT),
        ]
        for call in calls:
            call.result()


def _call_behind_the_authorizer(api_url: str, sign_in: Callable[[], str]) -> None:
    token = sign_in()
    expect(f"{api_url}/jobs?limit=1", HTTPStatus.OK, token)
    expect(f"{api_url}/jobs/{NOBODYS_JOB}/upload/parts", HTTPStatus.NOT_FOUND, token)
    expect(f"{api_url}/jobs/{NOBODYS_JOB}/transcript", HTTPStatus.NOT_FOUND, token)


def expect(url: str, status: HTTPStatus, token: str | None = None) -> None:
    """GET `url`; raises StackError unless the answer has `status`."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own http URL
    try:
        with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:  # noqa: S310
            found = answer.status
    except urllib.error.HTTPError as error:
        found = error.code
    except OSError as error:
        raise StackError(f"GET {url}: expected an answer, found {type(error).__name__}") from error
    if found != status:
        raise StackError(f"GET {url}: expected {status.value}, found {found}; the emulator's log says why")


def _invoke(aws: Aws, name: str, event: Mapping[str, object]) -> None:
    answer = aws("lambda").invoke(FunctionName=name, Qualifier="live", Payload=json.dumps(event).encode())
    if "FunctionError" in answer:
        said = answer["Payload"].read().decode(errors="replace")[:300]
        raise StackError(f"{name}: expected it to take a test event, found {said}")
