"""The identity ports in memory. The contract tests run on these and on the real adapters alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sotto.domain.api_keys import ApiKey
from sotto.domain.audit import AuditEntry, AuditPage
from sotto.domain.errors import AlreadyExists, InvalidInput, NotFound, SottoError, WrongState
from sotto.domain.identity import Role, Standing, User, UserPage
from sotto.domain.mail import Mail
from sotto.domain.one_time_tokens import Invitation, unusable
from sotto.domain.quotas import OwnQuotas
from sotto.domain.rate import Rate, retry_after_s
from sotto.domain.signing_keys import SigningKeys
from sotto.domain.throttle import Tries
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


class FakeInvitations:
    def __init__(self) -> None:
        self._rows: dict[str, Invitation] = {}

    def add(self, invitation: Invitation) -> None:
        self._rows[invitation.id] = invitation

    def find(self, invitation_id: str) -> Invitation | None:
        return self._rows.get(invitation_id)

    def drop(self, invitation_id: str) -> None:
        del self._rows[invitation_id]


class FakeResets:
    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, int]] = {}

    def start(self, user_id: str, token_hash: str, expires_at: int) -> None:
        self._rows[user_id] = (token_hash, expires_at)

    def spend(self, user_id: str, token_hash: str, now: int) -> bool:
        waiting = self._rows.get(user_id)
        if waiting is None or waiting[0] != token_hash or waiting[1] <= now:
            return False
        del self._rows[user_id]
        return True


class FakeTries:
    def __init__(self) -> None:
        self._rows: dict[str, Tries] = {}

    def read(self, name: str) -> Tries:
        return self._rows.get(name, Tries())

    def swap(self, name: str, before: Tries, after: Tries) -> bool:
        if self.read(name) != before:
            return False
        self._rows[name] = after
        return True


class FakeBuckets:
    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}

    def take(self, user_id: str, rate: Rate, now: float) -> float:
        full_at = max(self._full_at.get(user_id, 0.0), now)
        wait = retry_after_s(full_at, now, rate)
        if wait > 0:
            return wait
        self._full_at[user_id] = full_at + rate.step_s
        return 0.0


class FakeApiKeys:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], ApiKey] = {}

    def add(self, key: ApiKey) -> None:
        self.rows[key.user_id, key.id] = key

    def of_user(self, user_id: str) -> list[ApiKey]:
        return sorted((key for key in self.rows.values() if key.user_id == user_id), key=lambda key: key.created_at)

    def revoke(self, user_id: str, key_id: str) -> None:
        if (user_id, key_id) not in self.rows:
            raise NotFound(f"key: expected one of yours, found none with id {key_id}")
        del self.rows[user_id, key_id]

    def revoke_all(self, user_id: str) -> int:
        gone = [key for key in self.rows if key[0] == user_id]
        for key in gone:
            del self.rows[key]
        return len(gone)


class FakeMailer:
    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.failure: SottoError | None = None

    def send(self, mail: Mail) -> None:
        if self.failure:
            raise self.failure
        self.sent.append(mail)


class FakeAudit:
    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def append(self, entry: AuditEntry) -> None:
        self.entries.append(entry)

    def page(self, day: str, *, limit: int, cursor: str | None) -> AuditPage:
        if cursor is not None and not cursor.startswith(day):
            raise InvalidInput("cursor", expected="the next_cursor of an earlier page of this day", found=cursor)
        keyed = {f"{entry.at}#{entry.id}": entry for entry in self.entries if entry.at.startswith(day)}
        names = sorted((name for name in keyed if cursor is None or name < cursor), reverse=True)
        page = tuple(keyed[name] for name in names[:limit])
        return AuditPage(page, names[limit - 1] if len(names) > limit else None)


class FakeAuditCopies:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], AuditEntry] = {}
        self.failure: SottoError | None = None

    def keep(self, entry: AuditEntry) -> bool:
        if self.failure:
            raise self.failure
        return self.kept.setdefault((entry.at[:10], entry.id), entry) is entry


class FakeUsers:
    def __init__(self, invitations: FakeInvitations | None = None) -> None:
        self._by_id: dict[str, User] = {}
        self._invitations = invitations or FakeInvitations()
        self._locked = False

    def add(self, user: User, *, spends: Invitation | None = None, bootstraps: bool = False) -> None:
        if self.by_email(user.email) or user.id in self._by_id:
            raise AlreadyExists("email: expected a new address, found one that has an account")
        if spends is not None and self._invitations.find(spends.id) is None:
            raise unusable("invitation")
        if bootstraps and self._locked:
            raise WrongState("bootstrap: expected a service without an administrator, found one that has had one")
        if spends is not None:
            self._invitations.drop(spends.id)
        self._locked = self._locked or bootstraps
        self._by_id[user.id] = user

    def bootstrapped(self) -> bool:
        return self._locked

    def lock_bootstrap(self) -> None:
        self._locked = True

    def page(self, *, limit: int, cursor: str | None) -> UserPage:
        ids = [user_id for user_id in sorted(self._by_id) if cursor is None or user_id > cursor]
        users = tuple(self._by_id[user_id] for user_id in ids[:limit])
        return UserPage(users, ids[limit - 1] if len(ids) > limit else None)

    def change(
        self,
        user_id: str,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        job_mails: bool | None = None,
        quotas: OwnQuotas | None = None,
    ) -> User:
        changes = {"role": role, "disabled": disabled, "job_mails": job_mails, "quotas": quotas}
        return self._set(user_id, **{name: value for name, value in changes.items() if value is not None})

    def delete(self, user: User) -> None:
        self._by_id.pop(user.id, None)

    def by_email(self, email: str) -> User | None:
        return next((user for user in self._by_id.values() if user.email == email), None)

    def by_id(self, user_id: str) -> User | None:
        return self._by_id.get(user_id)

    def set_password(self, user_id: str, password_hash: str, *, must_change: bool) -> None:
        self._set(user_id, password_hash=password_hash, must_change_password=must_change)

    def _set(self, user_id: str, **values: object) -> User:
        if user_id not in self._by_id:
            raise NotFound(f"user: expected an account, found none with id {user_id}")
        self._by_id[user_id] = replace(self._by_id[user_id], **values)  # type: ignore[arg-type]
        return self._by_id[user_id]


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

    def __init__(
        self, users: FakeUsers, sessions: FakeSessions, keys: FakeApiKeys, clock: Callable[[], datetime]
    ) -> None:
        self._users, self._sessions, self._keys, self._clock = users, sessions, keys, clock

    def of_key(self, user_id: str, key_id: str) -> tuple[Standing, ApiKey] | None:
        standing, key = self.of_session(user_id, ""), self._keys.rows.get((user_id, key_id))
        return (standing, key) if standing and key else None

    def note_use(self, key: ApiKey, at: str) -> bool:
        stored = self._keys.rows.get((key.user_id, key.id))
        if stored is None or stored.last_used_at != key.last_used_at:
            return False
        self._keys.rows[key.user_id, key.id] = replace(stored, last_used_at=at)
        return True

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
