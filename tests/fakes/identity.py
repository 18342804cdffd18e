"""The identity ports in memory. The contract tests run on these and on the real adapters alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sotto.domain.errors import AlreadyExists, NotFound
from sotto.domain.identity import Standing, User
from sotto.domain.signing_keys import SigningKeys
from sotto.domain.tokens import AccessClaims, Session

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeUsers:
    def __init__(self) -> None:
        self._by_id: dict[str, User] = {}

    def add(self, user: User) -> None:
        if self.by_email(user.email) or user.id in self._by_id:
            raise AlreadyExists("email: expected a new address, found one that has an account")
        self._by_id[user.id] = user

    def by_email(self, email: str) -> User | None:
        return next((user for user in self._by_id.values() if user.email == email), None)

    def by_id(self, user_id: str) -> User | None:
        return self._by_id.get(user_id)

    def set_password(self, user_id: str, password_hash: str, *, must_change: bool) -> None:
        self.change(user_id, password_hash=password_hash, must_change_password=must_change)

    def change(self, user_id: str, **values: object) -> None:
        if user_id not in self._by_id:
            raise NotFound(f"user: expected an account, found none with id {user_id}")
        self._by_id[user_id] = replace(self._by_id[user_id], **values)  # type: ignore[arg-type]


class FakeSessions:
    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Session] = {}

    def start(self, session: Session) -> None:
        self._rows[session.user_id, session.family] = session

    def find(self, user_id: str, family: str) -> Session | None:
        return self._rows.get((user_id, family))

    def rotate(self, before: Session, after: Session) -> bool:
        stored = self._rows.get((before.user_id, before.family))
        if stored is None or stored.current_hash != before.current_hash:
            return False
        self._rows[after.user_id, after.family] = after
        return True

    def end(self, user_id: str, family: str) -> None:
        self._rows.pop((user_id, family), None)

    def end_all(self, user_id: str, *, keep: str | None = None) -> int:
        ending = [key for key in self._rows if key[0] == user_id and key[1] != keep]
        for key in ending:
            del self._rows[key]
        return len(ending)


class FakeStandings:
    """Reads what the fakes above hold."""

    def __init__(self, users: FakeUsers, sessions: FakeSessions, clock: Callable[[], datetime]) -> None:
        self._users, self._sessions, self._clock = users, sessions, clock

    def of_session(self, user_id: str, session: str) -> Standing | None:
        user = self._users.by_id(user_id)
        living = self._sessions.find(user_id, session)
        if user is None:
            return None
        alive = living is not None and living.expires_at > self._clock()
        return Standing(user.role, user.disabled, user.must_change_password, alive)


class FakeKeys:
    """Published public keys."""

    def __init__(self) -> None:
        self._rows: dict[str, int | None] = {}

    def publish(self, x: str) -> None:
        self._rows.setdefault(x, None)

    def retire(self, x: str, at: int) -> None:
        self._rows[x] = at

    def published(self, now: int) -> list[str]:
        return [x for x, until in self._rows.items() if until is None or until > now]


class FakeKeyring:
    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def read(self) -> SigningKeys:
        return self._keys

    def read_now(self) -> SigningKeys:
        return self._keys

    def write(self, keys: SigningKeys) -> None:
        self._keys = keys


class FakePasswords:
    """Hashes nothing, counts everything: `computed` is how often argon2id would have run."""

    def __init__(self) -> None:
        self.computed = 0

    def hash(self, password: str) -> str:
        self.computed += 1
        return f"hash of {password}"

    def matches(self, password: str, hashed: str | None) -> bool:
        self.computed += 1
        return hashed is not None and hashed.removeprefix("old ") == f"hash of {password}"

    def is_outdated(self, hashed: str) -> bool:
        return hashed.startswith("old ")


class FakeAccessTokens:
    """A token is its claims' index; good for workflows, not for signatures."""

    def __init__(self) -> None:
        self.issued: list[AccessClaims] = []

    def issue(self, claims: AccessClaims) -> str:
        self.issued.append(claims)
        return f"access-{len(self.issued) - 1}"
