"""What the identity workflows need from the outside world. The adapters fit these shapes; so do the tests' fakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from sotto.domain.api_keys import ApiKey
from sotto.domain.audit import AuditEntry, AuditPage
from sotto.domain.identity import Role, Standing, User, UserPage
from sotto.domain.mail import Mail
from sotto.domain.one_time_tokens import Invitation
from sotto.domain.quotas import OwnQuotas
from sotto.domain.rate import Rate
from sotto.domain.signing_keys import SigningKeys
from sotto.domain.throttle import Tries
from sotto.domain.tokens import AccessClaims, Session

Clock = Callable[[], datetime]


class Users(Protocol):
    """All accounts. Addresses are in the form that `clean_email` gives."""

    def add(self, user: User, *, spends: Invitation | None = None, bootstraps: bool = False) -> None:
        """Store a new account, all or nothing: with it, the invitation is spent and the bootstrap is locked.

        Raises AlreadyExists when the address is taken, InvalidInput when the invitation is spent, WrongState when
        the bootstrap is locked.
        """
        ...

    def bootstrapped(self) -> bool: ...

    def lock_bootstrap(self) -> None: ...

    def page(self, *, limit: int, cursor: str | None) -> UserPage:
        """Accounts in the order of their making."""
        ...

    def change(
        self,
        user_id: str,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        job_mails: bool | None = None,
        quotas: OwnQuotas | None = None,
    ) -> User:
        """The account after the change. Raises NotFound."""
        ...

    def delete(self, user: User) -> None:
        """Remove the account, its address and every row of its owner; a second time changes nothing."""
        ...

    def by_email(self, email: str) -> User | None: ...

    def by_id(self, user_id: str) -> User | None: ...

    def set_password(self, user_id: str, password_hash: str, *, must_change: bool) -> None:
        """Raises NotFound when there is no such account."""
        ...


class Sessions(Protocol):
    """Families of refresh tokens."""

    def start(self, session: Session) -> None: ...

    def find(self, user_id: str, family: str) -> Session | None: ...

    def rotate(self, before: Session, after: Session) -> bool:
        """Store `after` if the session still is as `before` says; False when somebody was faster."""
        ...

    def end(self, user_id: str, family: str) -> None: ...

    def end_all(self, user_id: str, *, keep: str | None = None) -> int:
        """End every session of the user except the family `keep`; how many ended."""
        ...


class Passwords(Protocol):
    def hash(self, password: str) -> str: ...

    def matches(self, password: str, hashed: str | None) -> bool:
        """Whether they belong together. None (no such user) takes as long as a wrong password, and is False."""
        ...

    def is_outdated(self, hashed: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        ...


class AccessTokens(Protocol):
    def issue(self, claims: AccessClaims) -> str: ...


class AccessVerifier(Protocol):
    def verify(self, token: str) -> AccessClaims:
        """Raises Unauthenticated, whose message says which check failed and never repeats the token."""
        ...


class Standings(Protocol):
    def of_session(self, user_id: str, session: str) -> Standing | None:
        """None when there is no such user."""
        ...

    def of_key(self, user_id: str, key_id: str) -> tuple[Standing, ApiKey] | None:
        """None when there is no such user or key."""
        ...

    def note_use(self, key: ApiKey, at: str) -> bool:
        """Remember the use of a key; False when another process has just done so."""
        ...


class Keyring(Protocol):
    """The private signing keys."""

    def read(self) -> SigningKeys:
        """At most a minute old."""
        ...

    def read_now(self) -> SigningKeys: ...

    def write(self, keys: SigningKeys) -> None: ...


class PublishedKeys(Protocol):
    """The public halves, named by their JWK `x`."""

    def publish(self, x: str) -> None:
        """Make the key known; one that is already there stays as it is, also when it is retired."""
        ...

    def retire(self, x: str, at: int) -> None:
        """Let the key verify until `at` (epoch seconds) and no longer."""
        ...

    def published(self, now: int) -> list[str]: ...


class ApiKeys(Protocol):
    def add(self, key: ApiKey) -> None: ...

    def of_user(self, user_id: str) -> list[ApiKey]:
        """Oldest first."""
        ...

    def revoke(self, user_id: str, key_id: str) -> None:
        """Raises NotFound."""
        ...

    def revoke_all(self, user_id: str) -> int: ...


class Invitations(Protocol):
    def add(self, invitation: Invitation) -> None: ...

    def find(self, invitation_id: str) -> Invitation | None: ...


class Resets(Protocol):
    """Password resets: one waits per account, a new one replaces it."""

    def start(self, user_id: str, token_hash: str, expires_at: int) -> None: ...

    def spend(self, user_id: str, token_hash: str, now: int) -> bool:
        """Whether the token was good; it is not a second time."""
        ...


class TriesStore(Protocol):
    """Counters of password tries, by a name that tells nobody's address."""

    def read(self, name: str) -> Tries: ...

    def swap(self, name: str, before: Tries, after: Tries) -> bool:
        """Store `after` if the counter still is `before`."""
        ...


class Buckets(Protocol):
    def take(self, user_id: str, rate: Rate, now: float) -> float:
        """Take one request out of the user's bucket: 0.0, or the seconds to wait (and nothing was taken)."""
        ...


class Mailer(Protocol):
    def send(self, mail: Mail) -> None: ...


class AuditTrail(Protocol):
    """Append-only."""

    def append(self, entry: AuditEntry) -> None: ...


class AuditLog(AuditTrail, Protocol):
    def page(self, day: str, *, limit: int, cursor: str | None) -> AuditPage:
        """One day's entries (`day` as 2026-11-22, UTC). Raises InvalidInput for a cursor of another day."""
        ...


class AuditCopies(Protocol):
    """A copy of the log in which nothing is changed or removed before its time."""

    def keep(self, entry: AuditEntry) -> bool:
        """False when an entry of that day and id is kept already; it then stays. Raises StorageUnavailable."""
        ...
