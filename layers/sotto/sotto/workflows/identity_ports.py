"""What the identity workflows need from the outside world. The adapters fit these shapes; so do the tests' fakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from sotto.domain.identity import Standing, User
from sotto.domain.signing_keys import SigningKeys
from sotto.domain.tokens import AccessClaims, Session

Clock = Callable[[], datetime]


class Users(Protocol):
    """All accounts. Addresses are in the form that `clean_email` gives."""

    def add(self, user: User) -> None:
        """Store a new account. Raises AlreadyExists when the address is taken."""
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


class Keyring(Protocol):
    """The private signing keys."""

    def read(self) -> SigningKeys:
        """At most some minutes old."""
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
