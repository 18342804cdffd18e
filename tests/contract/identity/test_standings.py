"""What the authorizer reads is what the other adapters wrote; and its signatures are botocore's."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st
from mypy_boto3_dynamodb import DynamoDBClient

from sotto.adapters.dynamo_keys import KEYS_PK, DynamoKeys
from sotto.adapters.dynamo_sessions import DynamoSessions
from sotto.adapters.dynamo_standings import KEY_CACHE_S, DynamoPublicKeys, DynamoStandings
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.adapters.ed25519_keys import private_key, public_x, thumbprint
from sotto.adapters.sigv4_dynamo import Credentials, SignedDynamo, container_credentials, signed_headers
from sotto.domain.errors import StorageUnavailable
from sotto.domain.identity import Role, Standing, User
from sotto.domain.tokens import Session
from sotto.workflows.identity_ports import Sessions, Standings, Users
from tests.contract.identity.conftest import REGION, TABLE
from tests.fakes.identity import START, FakeApiKeys, FakeClock, FakeSessions, FakeStandings, FakeUsers
from tests.http_server import HttpServer, Quiet

ADA = User("01ADA", "ada@example.org", Role.OPERATOR, "$argon2id$...", "2026-11-22T12:00:00.000Z")
PHONE = Session("01ADA", "phone", "hash-1", START, START, START + timedelta(days=30))
X = public_x(private_key("ab" * 32))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def table(aws_endpoint: str, dynamodb: DynamoDBClient) -> SignedDynamo:
    return SignedDynamo(table=TABLE, region=REGION, endpoint=aws_endpoint, credentials=lambda: Credentials("a", "b"))


@pytest.fixture(params=["fake", "dynamo"])
def stores(request: pytest.FixtureRequest, clock: FakeClock) -> tuple[Users, Sessions, Standings]:
    if request.param == "fake":
        users, sessions = FakeUsers(), FakeSessions()
        return users, sessions, FakeStandings(users, sessions, FakeApiKeys(), clock)
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("table")
    return DynamoUsers(client, TABLE), DynamoSessions(client, TABLE), DynamoStandings(table, clock)


def test_a_standing_is_what_the_store_says_now(stores: tuple[Users, Sessions, Standings], clock: FakeClock) -> None:
    users, sessions, standings = stores
    assert standings.of_session("01ADA", "phone") is None
    users.add(replace(ADA, must_change_password=True))
    assert standings.of_session("01ADA", "phone") == Standing(Role.OPERATOR, False, True, session_alive=False)
    sessions.start(PHONE)
    users.set_password("01ADA", "x", must_change=False)
    assert standings.of_session("01ADA", "phone") == Standing(Role.OPERATOR, False, False, session_alive=True)
    clock.advance(timedelta(days=30).total_seconds())
    assert standings.of_session("01ADA", "phone") == Standing(Role.OPERATOR, False, False, session_alive=False)


def test_a_key_verifies_until_it_is_retired(dynamodb: DynamoDBClient, table: SignedDynamo, clock: FakeClock) -> None:
    published, known = DynamoKeys(dynamodb, TABLE), DynamoPublicKeys(table, clock)
    kid = thumbprint(X)
    assert known(kid) is None
    published.publish(X)
    assert known(kid) is not None
    published.retire(X, int(clock().timestamp()) + 30)
    clock.advance(KEY_CACHE_S - 1)
    assert known(kid) is not None  # remembered for a minute at most
    clock.advance(1)
    assert known(kid) is None


def test_a_row_whose_key_is_not_its_ids_is_refused(
    dynamodb: DynamoDBClient, table: SignedDynamo, clock: FakeClock
) -> None:
    planted = {"pk": {"S": KEYS_PK}, "sk": {"S": f"JWK#{thumbprint(X)}"}, "x": {"S": public_x(private_key("cd" * 32))}}
    dynamodb.put_item(TableName=TABLE, Item=planted)
    assert DynamoPublicKeys(table, clock)(thumbprint(X)) is None


SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
moments = st.integers(1_600_000_000, 2_200_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


@given(st.binary(max_size=200), moments, st.one_of(st.none(), st.text("abc/+=", min_size=1, max_size=40)))
def test_signatures_are_botocores(body: bytes, now: datetime, session_token: str | None) -> None:
    host = "dynamodb.eu-central-1.amazonaws.com"
    ours = signed_headers(
        host, body, region=REGION, credentials=Credentials("AKIDEXAMPLE", SECRET, session_token), now=now, target="A.B"
    )
    auth = SigV4Auth(BotoCredentials("AKIDEXAMPLE", SECRET, session_token), "dynamodb", REGION)
    headers = {name: value for name, value in ours.items() if name not in ("authorization", "x-amz-security-token")}
    request = AWSRequest("POST", f"https://{host}/", data=body, headers=headers)
    request.context["timestamp"] = now.strftime("%Y%m%dT%H%M%SZ")
    if session_token:
        request.headers["X-Amz-Security-Token"] = session_token
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    assert isinstance(request.headers, HTTPHeaders)
    assert ours["authorization"].endswith(f"Signature={signature}")


def test_an_answer_other_than_200_is_the_worlds_fault(aws_endpoint: str) -> None:
    missing = SignedDynamo(
        table="none", region=REGION, endpoint=aws_endpoint, credentials=lambda: Credentials("a", "b")
    )
    with pytest.raises(StorageUnavailable, match="HTTP 400"):
        missing.get([{"pk": "a", "sk": "b"}])


class _Scripted(Quiet, BaseHTTPRequestHandler):
    """Closes the first connection without an answer, then answers; or hands out credentials."""

    drops, throttled = 1, False
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        if type(self).drops:
            type(self).drops -= 1
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.rfile.read(int(self.headers["content-length"]))
        self._answer({"Responses": {}, "UnprocessedKeys": {"t": {}} if self.throttled else {}})

    def do_GET(self) -> None:
        assert self.headers["Authorization"] == "proof"
        self._answer({"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c", "Expiration": "2026-11-22T13:00:00Z"})

    def _answer(self, data: object) -> None:
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    _Scripted.drops, _Scripted.throttled = 1, False
    with HttpServer(_Scripted) as server:
        yield server


def test_a_connection_that_was_closed_meanwhile_is_opened_again(server: HttpServer) -> None:
    table = SignedDynamo(table="t", region=REGION, endpoint=server.url, credentials=lambda: Credentials("a", "b"))
    assert table.get([{"pk": "a", "sk": "b"}]) == []
    table.close()


def test_a_service_that_is_gone_or_throttles_is_the_worlds_fault(server: HttpServer) -> None:
    table = SignedDynamo(table="t", region=REGION, endpoint=server.url, credentials=lambda: Credentials("a", "b"))
    _Scripted.throttled = True
    with pytest.raises(StorageUnavailable, match="throttled"):
        table.get([{"pk": "a", "sk": "b"}])
    _Scripted.drops = 2
    with pytest.raises(StorageUnavailable, match="expected an answer"):
        table.get([{"pk": "a", "sk": "b"}])
    table.close()


def test_credentials_of_a_snapshot_are_renewed_before_they_end(server: HttpServer) -> None:
    clock = FakeClock(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    loaded: list[Credentials] = []

    def load() -> Credentials:
        loaded.append(container_credentials(server.url, "proof"))
        return loaded[-1]

    table = SignedDynamo(table="t", region=REGION, endpoint=server.url, credentials=load, clock=clock)
    for minutes in (0, 54, 2):
        clock.advance(minutes * 60)
        table.get([{"pk": "a", "sk": "b"}])
    table.close()
    assert loaded == [Credentials("a", "b", "c", datetime(2026, 11, 22, 13, 0, tzinfo=UTC))] * 2
    assert "b" not in repr(loaded[0]).replace("Credentials(hidden)", "")


def test_credentials_that_cannot_be_had_are_the_worlds_fault() -> None:
    def load() -> Credentials:
        raise OSError

    table = SignedDynamo(table="t", region=REGION, credentials=load)
    with pytest.raises(StorageUnavailable, match="credentials"):
        table.get([{"pk": "a", "sk": "b"}])
    with pytest.raises(StorageUnavailable, match="http"):
        container_credentials("file:///etc/passwd", "proof")
