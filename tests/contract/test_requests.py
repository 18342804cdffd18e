"""Remembered requests: the fake and DynamoDB answer the same."""

from __future__ import annotations

import boto3
import pytest

from sotto.adapters.dynamo_requests import DynamoRequests
from sotto.domain.options import Options
from sotto.domain.repeats import Claimed, fingerprint
from sotto.workflows.request_ports import Requests
from tests.examples import NOW, OWNER
from tests.fakes.requests import InMemoryRequests

MARK = fingerprint(b"sound", Options())
NEXT_DAY = "2026-11-23T12:00:01.000Z"


@pytest.fixture(params=["memory", "dynamodb"])
def requests(request: pytest.FixtureRequest) -> Requests:
    if request.param == "memory":
        return InMemoryRequests()
    return DynamoRequests(boto3.client("dynamodb"), request.getfixturevalue("table"))


def test_the_first_one_decides(requests: Requests) -> None:
    first, second = Claimed("JOB1", NOW), Claimed("JOB2", "2026-11-22T12:00:01.000Z")
    assert requests.claim(OWNER, MARK, first) == first
    assert requests.claim(OWNER, MARK, second) == first


def test_owners_and_requests_are_apart(requests: Requests) -> None:
    requests.claim(OWNER, MARK, Claimed("JOB1", NOW))
    other = Claimed("JOB2", NOW)
    assert requests.claim("somebody-else", MARK, other) == other
    assert requests.claim(OWNER, fingerprint(b"sound", Options(language="en")), other) == other
    assert requests.claim(OWNER, fingerprint(b"other sound", Options()), other) == other


def test_a_job_is_replaced_once(requests: Requests) -> None:
    requests.claim(OWNER, MARK, Claimed("JOB1", NOW))
    second, third = Claimed("JOB2", NOW), Claimed("JOB3", NOW)
    assert requests.claim(OWNER, MARK, second, instead_of="JOB1") == second
    assert requests.claim(OWNER, MARK, third, instead_of="JOB1") == second


def test_after_a_day_it_is_a_new_request(requests: Requests) -> None:
    requests.claim(OWNER, MARK, Claimed("JOB1", NOW))
    late = Claimed("JOB2", NEXT_DAY)
    assert requests.claim(OWNER, MARK, late) == late
