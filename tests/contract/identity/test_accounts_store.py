"""Invitations, resets, keys, counters, buckets, mail and audit: the fake and the table keep the same promises."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from mypy_boto3_dynamodb import DynamoDBClient

from sotto.adapters.dynamo_api_keys import DynamoApiKeys
from sotto.adapters.dynamo_audit import DynamoAudit
from sotto.adapters.dynamo_limits import DynamoBuckets, DynamoTries
from sotto.adapters.dynamo_one_time import DynamoInvitations, DynamoResets
from sotto.adapters.dynamo_standings import DynamoStandings, LeanAudit
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.adapters.outbox_mail import OutboxMail, read_outbox
from sotto.adapters.sigv4_dynamo import Credentials, SignedDynamo
from sotto.domain.api_keys import ApiKey
from sotto.domain.audit import Action, AuditEntry, Outcome
from sotto.domain.errors import AlreadyExists, InvalidInput, NotFound, StorageUnavailable, WrongState
from sotto.domain.identity import Role, Scope, User
from sotto.domain.mail import Mail
from sotto.domain.one_time_tokens import Invitation
from sotto.domain.quotas import OwnQuotas
from sotto.domain.rate import Rate
from sotto.domain.throttle import Tries
from sotto.workflows.identity_ports import (
    ApiKeys,
    AuditLog,
    Buckets,
    Invitations,
    Resets,
    Standings,
    TriesStore,
    Users,
)
from tests.contract.identity.conftest import REGION, TABLE
from tests.fakes.identity import (
    FakeApiKeys,
    FakeAudit,
    FakeBuckets,
    FakeClock,
    FakeInvitations,
    FakeResets,
    FakeSessions,
    FakeStandings,
    FakeTries,
    FakeUsers,
)

ADA = User("01ADA", "ada@example.org", Role.USER, "$argon2id$...", "2026-11-22T12:00:00.000Z")
INVITATION = Invitation("0001", "hash", "grace@example.org", Role.OPERATOR, "01ROOT", 2_000_000_000)
KEY = ApiKey("0123456789", "01ADA", "ci", frozenset({Scope.JOBS_READ}), "hash", "2026-11-22T12:00:00.000Z")
ENTRY = AuditEntry(
    "id1",
    "2026-11-22T12:00:00.000Z",
    "01ADA",
    "token",
    Action.SIGN_IN,
    "01ADA",
    Outcome.DONE,
    "192.0.2.1",
    "request-1",
    "detail",
)
both = pytest.mark.parametrize("kind", ["fake", "dynamo"])


@pytest.fixture
def signed(aws_endpoint: str, dynamodb: DynamoDBClient) -> SignedDynamo:
    return SignedDynamo(table=TABLE, region=REGION, endpoint=aws_endpoint, credentials=lambda: Credentials("a", "b"))


def accounts(kind: str, request: pytest.FixtureRequest) -> tuple[Users, Invitations]:
    if kind == "fake":
        invitations = FakeInvitations()
        return FakeUsers(invitations), invitations
    client = request.getfixturevalue("dynamodb")
    return DynamoUsers(client, TABLE), DynamoInvitations(client, TABLE)


@both
def test_an_invitation_is_spent_with_the_account_or_not_at_all(kind: str, request: pytest.FixtureRequest) -> None:
    users, invitations = accounts(kind, request)
    invitations.add(INVITATION)
    assert invitations.find("0001") == INVITATION
    assert invitations.find("0002") is None
    users.add(ADA)
    with pytest.raises(AlreadyExists):
        users.add(replace(ADA, id="01TWIN"), spends=INVITATION)
    assert invitations.find("0001") == INVITATION

    users.add(replace(ADA, id="01GRACE", email="grace@example.org"), spends=INVITATION)
    assert invitations.find("0001") is None
    with pytest.raises(InvalidInput):
        users.add(replace(ADA, id="01HEDY", email="hedy@example.org"), spends=INVITATION)
    assert users.by_email("hedy@example.org") is None


@both
def test_there_is_one_first_administrator(kind: str, request: pytest.FixtureRequest) -> None:
    users, _ = accounts(kind, request)
    assert not users.bootstrapped()
    users.add(ADA, bootstraps=True)
    assert users.bootstrapped()
    with pytest.raises(WrongState):
        users.add(replace(ADA, id="01EVE", email="eve@example.org"), bootstraps=True)
    assert users.by_id("01EVE") is None
    users.lock_bootstrap()
    assert users.bootstrapped()


@both
def test_accounts_are_listed_changed_and_deleted(kind: str, request: pytest.FixtureRequest) -> None:
    users, _ = accounts(kind, request)
    everybody = [replace(ADA, id=f"01{number}", email=f"{number}@example.org") for number in range(3)]
    for user in everybody:
        users.add(user)
    first = users.page(limit=2, cursor=None)
    assert list(first.users) == everybody[:2]
    second = users.page(limit=2, cursor=first.cursor)
    assert list(second.users) == everybody[2:]
    assert second.cursor is None

    assert users.change("010", role=Role.ADMIN) == replace(everybody[0], role=Role.ADMIN)
    assert users.change("010", disabled=True) == replace(everybody[0], role=Role.ADMIN, disabled=True)
    assert users.change("010") == replace(everybody[0], role=Role.ADMIN, disabled=True)
    more = OwnQuotas(minutes_a_month=60, concurrent_jobs=0)
    assert users.change("011", quotas=more) == replace(everybody[1], quotas=more)
    assert users.change("011", quotas=OwnQuotas()) == everybody[1]
    assert users.change("011", job_mails=True) == replace(everybody[1], job_mails=True)
    assert users.change("011", job_mails=False) == everybody[1]
    with pytest.raises(NotFound):
        users.change("01NOBODY")
    users.delete(everybody[0])
    users.delete(everybody[0])
    assert users.by_id("010") is None
    assert users.by_email("0@example.org") is None
    assert [user.id for user in users.page(limit=9, cursor=None).users] == ["011", "012"]
    users.add(everybody[0])  # the address is free again


@both
def test_a_reset_is_spent_once_and_replaced_by_the_next(kind: str, request: pytest.FixtureRequest) -> None:
    resets: Resets = FakeResets() if kind == "fake" else DynamoResets(request.getfixturevalue("dynamodb"), TABLE)
    resets.start("01ADA", "one", 100)
    resets.start("01ADA", "two", 100)
    assert not resets.spend("01ADA", "one", 50)
    assert not resets.spend("01ADA", "two", 100)
    assert resets.spend("01ADA", "two", 99)
    assert not resets.spend("01ADA", "two", 99)
    assert not resets.spend("01EVE", "two", 99)


@both
def test_keys_are_kept_listed_and_revoked(kind: str, request: pytest.FixtureRequest) -> None:
    keys: ApiKeys = FakeApiKeys() if kind == "fake" else DynamoApiKeys(request.getfixturevalue("dynamodb"), TABLE)
    later = replace(KEY, id="ffffffffff", created_at="2026-11-23T12:00:00.000Z", expires_at=5)
    earlier = replace(KEY, id="eeeeeeeeee", created_at="2026-11-21T12:00:00.000Z")
    for key in (KEY, later, earlier):
        keys.add(key)
    assert keys.of_user("01ADA") == [earlier, KEY, later]
    assert keys.of_user("01EVE") == []
    with pytest.raises(NotFound):
        keys.revoke("01EVE", KEY.id)
    keys.revoke("01ADA", KEY.id)
    with pytest.raises(NotFound):
        keys.revoke("01ADA", KEY.id)
    assert keys.revoke_all("01ADA") == 2
    assert keys.revoke_all("01ADA") == 0


@both
def test_the_authorizer_reads_a_key_and_notes_its_use_once(kind: str, request: pytest.FixtureRequest) -> None:
    standings: Standings
    if kind == "fake":
        fake_users, fake_keys = FakeUsers(), FakeApiKeys()
        users: Users = fake_users
        keys: ApiKeys = fake_keys
        standings = FakeStandings(fake_users, FakeSessions(), fake_keys, FakeClock())
    else:
        client = request.getfixturevalue("dynamodb")
        users, keys = DynamoUsers(client, TABLE), DynamoApiKeys(client, TABLE)
        standings = DynamoStandings(request.getfixturevalue("signed"), FakeClock())
    keys.add(KEY)
    assert standings.of_key("01ADA", KEY.id) is None  # a key without an account
    users.add(ADA)
    found = standings.of_key("01ADA", KEY.id)
    assert found is not None
    assert found[1] == KEY
    assert found[0].role is Role.USER
    assert standings.of_key("01ADA", "ffffffffff") is None

    first, second = "2026-11-22T12:00:00.000Z", "2026-11-22T13:00:00.000Z"
    assert standings.note_use(KEY, first)
    assert not standings.note_use(KEY, first)
    assert standings.note_use(replace(KEY, last_used_at=first), second)
    assert keys.of_user("01ADA")[0].last_used_at == second
    assert not standings.note_use(replace(KEY, id="ffffffffff"), first)
    assert [key.id for key in keys.of_user("01ADA")] == [KEY.id]


@both
def test_of_two_racing_tries_one_is_counted_first(kind: str, request: pytest.FixtureRequest) -> None:
    tries: TriesStore = FakeTries() if kind == "fake" else DynamoTries(request.getfixturevalue("dynamodb"), TABLE)
    one, two = Tries(1, 1000.25, 0.0), Tries(2, 1001.5, 9_000.0)
    assert tries.read("x") == Tries()
    assert tries.swap("x", Tries(), one)
    assert not tries.swap("x", Tries(), one)
    assert tries.read("x") == one
    assert tries.swap("x", one, two)
    assert not tries.swap("x", one, two)
    assert tries.read("x") == two


@both
def test_a_bucket_holds_its_burst_and_refills(kind: str, request: pytest.FixtureRequest) -> None:
    buckets: Buckets = FakeBuckets() if kind == "fake" else DynamoBuckets(request.getfixturevalue("dynamodb"), TABLE)
    rate = Rate(per_minute=60, burst=3)
    assert [buckets.take("01ADA", rate, 1000.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take("01ADA", rate, 1000.0) == pytest.approx(1.0)
    assert buckets.take("01ADA", rate, 1000.75) == pytest.approx(0.25)
    assert buckets.take("01ADA", rate, 1001.0) == 0.0
    assert buckets.take("01EVE", rate, 1001.0) == 0.0
    assert buckets.take("01ADA", rate, 2000.0) == 0.0


@both
def test_the_audit_log_is_read_by_day_newest_first(kind: str, request: pytest.FixtureRequest) -> None:
    log: AuditLog = FakeAudit() if kind == "fake" else DynamoAudit(request.getfixturevalue("dynamodb"), TABLE, 365)
    entries = [replace(ENTRY, id=f"id{number}", at=f"2026-11-22T12:00:0{number}.000Z") for number in range(5)]
    for entry in (*entries, replace(ENTRY, at="2026-11-23T00:00:00.000Z")):
        log.append(entry)
    first = log.page("2026-11-22", limit=3, cursor=None)
    assert list(first.entries) == entries[:1:-1]
    second = log.page("2026-11-22", limit=3, cursor=first.cursor)
    assert list(second.entries) == entries[1::-1]
    assert second.cursor is None
    assert log.page("2026-11-21", limit=3, cursor=None).entries == ()
    with pytest.raises(InvalidInput, match="cursor"):
        log.page("2026-11-23", limit=3, cursor=first.cursor)


def test_a_cursor_that_is_none_is_refused(dynamodb: DynamoDBClient) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        DynamoAudit(dynamodb, TABLE, 365).page("2026-11-22", limit=3, cursor="%%%")


def test_the_authorizers_audit_rows_are_the_others_and_never_replace_one(
    dynamodb: DynamoDBClient, signed: SignedDynamo
) -> None:
    LeanAudit(signed, 365).append(ENTRY)
    LeanAudit(signed, 365).append(replace(ENTRY, who="01EVE"))
    assert DynamoAudit(dynamodb, TABLE, 365).page("2026-11-22", limit=9, cursor=None).entries == (ENTRY,)
    with pytest.raises(StorageUnavailable):
        DynamoAudit(dynamodb, TABLE, 365).append(ENTRY)


def test_mail_waits_in_the_outbox_newest_first(dynamodb: DynamoDBClient) -> None:
    clock, ids = FakeClock(), count()
    outbox = OutboxMail(dynamodb, TABLE, lambda: str(next(ids)), clock)
    outbox.send(Mail("a@example.org", "first", "text"))
    clock.advance(1)
    outbox.send(Mail("b@example.org", "second", "text"))
    assert read_outbox(dynamodb, TABLE, 9) == [
        ("2026-11-22T12:00:01+00:00", Mail("b@example.org", "second", "text")),
        ("2026-11-22T12:00:00+00:00", Mail("a@example.org", "first", "text")),
    ]


def test_the_worlds_errors_become_ours(dynamodb: DynamoDBClient) -> None:
    missing = "no-such-table"
    with pytest.raises(StorageUnavailable):
        DynamoTries(dynamodb, missing).swap("x", Tries(), Tries(1))
    with pytest.raises(StorageUnavailable):
        DynamoBuckets(dynamodb, missing).take("x", Rate(1, 1), 0.0)
    with pytest.raises(StorageUnavailable):
        DynamoResets(dynamodb, missing).spend("x", "y", 0)
    with pytest.raises(StorageUnavailable):
        DynamoApiKeys(dynamodb, missing).revoke("x", "y")


def test_a_deleted_account_takes_every_row_of_its_owner_with_it(dynamodb: DynamoDBClient) -> None:
    users = DynamoUsers(dynamodb, TABLE)
    users.add(ADA)
    DynamoApiKeys(dynamodb, TABLE).add(KEY)
    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "USER#01ADA"}, "sk": {"S": "WHATEVER#1"}})
    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "USER#01EVE"}, "sk": {"S": "WHATEVER#1"}})
    users.delete(ADA)
    assert [row["pk"]["S"] for row in dynamodb.scan(TableName=TABLE)["Items"]] == ["USER#01EVE"]
