"""Accounts, sessions and published keys: the fake and the table keep the same promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mypy_boto3_dynamodb import DynamoDBClient

from sotto.adapters.dynamo_keys import DynamoKeys
from sotto.adapters.dynamo_sessions import DynamoSessions
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.domain.errors import AlreadyExists, NotFound, StorageUnavailable
from sotto.domain.identity import Role, User
from sotto.domain.tokens import Session
from sotto.workflows.identity_ports import PublishedKeys, Sessions, Users
from tests.contract.identity.conftest import TABLE
from tests.fakes.identity import START, FakeKeys, FakeSessions, FakeUsers

ADA = User("01ADA", "ada@example.org", Role.OPERATOR, "$argon2id$...", "2026-11-22T12:00:00.000Z", disabled=True)
PHONE = Session("01ADA", "phone", "hash-1", START, START, START + timedelta(days=30))
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


@pytest.fixture(params=["fake", "dynamo"])
def users(request: pytest.FixtureRequest) -> Users:
    if request.param == "fake":
        return FakeUsers()
    return DynamoUsers(request.getfixturevalue("dynamodb"), TABLE)


@pytest.fixture(params=["fake", "dynamo"])
def sessions(request: pytest.FixtureRequest) -> Sessions:
    if request.param == "fake":
        return FakeSessions()
    return DynamoSessions(request.getfixturevalue("dynamodb"), TABLE)


@pytest.fixture(params=["fake", "dynamo"])
def keys(request: pytest.FixtureRequest) -> PublishedKeys:
    return FakeKeys() if request.param == "fake" else DynamoKeys(request.getfixturevalue("dynamodb"), TABLE)


def test_an_account_is_found_by_address_and_by_id_as_it_was_stored(users: Users) -> None:
    users.add(ADA)
    assert users.by_email("ada@example.org") == ADA
    assert users.by_id("01ADA") == ADA
    assert users.by_email("eve@example.org") is None
    assert users.by_id("01EVE") is None


def test_an_address_belongs_to_one_account(users: Users) -> None:
    users.add(ADA)
    with pytest.raises(AlreadyExists):
        users.add(replace(ADA, id="01EVE"))
    assert users.by_id("01EVE") is None


def test_a_password_changes_for_a_known_account_only(users: Users) -> None:
    users.add(ADA)
    users.set_password("01ADA", "other", must_change=True)
    assert users.by_id("01ADA") == replace(ADA, password_hash="other", must_change_password=True)
    with pytest.raises(NotFound):
        users.set_password("01EVE", "other", must_change=False)
    assert users.by_id("01EVE") is None


def test_a_session_is_read_as_it_was_started(sessions: Sessions) -> None:
    sessions.start(PHONE)
    assert sessions.find("01ADA", "phone") == PHONE
    assert sessions.find("01EVE", "phone") is None


def test_of_two_racing_rotations_one_wins(sessions: Sessions) -> None:
    sessions.start(PHONE)
    first = replace(PHONE, current_hash="hash-2", previous_hash="hash-1", nonce="n")
    assert sessions.rotate(PHONE, first) is True
    assert sessions.rotate(PHONE, replace(first, current_hash="hash-3")) is False
    assert sessions.find("01ADA", "phone") == first


def test_an_ended_session_cannot_be_rotated_back_to_life(sessions: Sessions) -> None:
    sessions.start(PHONE)
    sessions.end("01ADA", "phone")
    sessions.end("01ADA", "phone")
    assert sessions.rotate(PHONE, replace(PHONE, current_hash="hash-2")) is False
    assert sessions.find("01ADA", "phone") is None


def test_all_sessions_of_one_user_end_but_the_kept_one(sessions: Sessions) -> None:
    laptop, others = replace(PHONE, family="laptop"), replace(PHONE, user_id="01EVE")
    for session in (PHONE, laptop, others):
        sessions.start(session)

    assert sessions.end_all("01ADA", keep="laptop") == 1
    assert sessions.find("01ADA", "laptop") == laptop
    assert sessions.end_all("01ADA") == 1
    assert sessions.find("01EVE", "phone") == others


def test_a_retired_key_stays_retired(keys: PublishedKeys) -> None:
    keys.publish(X)
    keys.publish(X)
    assert keys.published(100) == [X]
    keys.retire(X, 200)
    keys.publish(X)  # a process that had cached it
    assert keys.published(199) == [X]
    assert keys.published(200) == []


def test_the_worlds_errors_become_ours(dynamodb: DynamoDBClient) -> None:
    missing = "no-such-table"
    with pytest.raises(StorageUnavailable, match="ResourceNotFoundException"):
        DynamoUsers(dynamodb, missing).by_id("01ADA")
    with pytest.raises(StorageUnavailable):
        DynamoUsers(dynamodb, missing).add(ADA)
    with pytest.raises(StorageUnavailable):
        DynamoUsers(dynamodb, missing).set_password("01ADA", "x", must_change=False)
    with pytest.raises(StorageUnavailable):
        DynamoSessions(dynamodb, missing).rotate(PHONE, PHONE)
    with pytest.raises(StorageUnavailable):
        DynamoSessions(dynamodb, missing).end_all("01ADA")
    with pytest.raises(StorageUnavailable):
        DynamoKeys(dynamodb, missing).published(0)
