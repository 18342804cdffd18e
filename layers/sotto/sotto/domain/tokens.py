"""The two tokens of a signed-in person: what they say, and when a refresh token is good, repeated or stolen.

The access token is a short-lived JWT that names its session. The refresh token changes with every use; only its hash
is stored. Using an old one is theft, with one exception: a client whose answer was lost (or two tabs at once) may
repeat the latest exchange for a few seconds. It then gets the same next token, because the next secret is derived
from the presented one and a nonce that the session keeps. So nobody is signed out by a dropped connection, and the
family still has only one living token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sotto.domain.errors import Unauthenticated
from sotto.domain.identity import Role

REFRESH_PREFIX = "rt_"
REPEAT_S = 10.0
"""How long the latest exchange may be repeated: longer than a client's own retry, shorter than a thief's detour."""
_SECRET_BYTES = 32
_FAMILY_BYTES = 16


@dataclass(frozen=True)
class AccessClaims:
    """What an access token says. Times in whole epoch seconds. `session` is the family that it belongs to."""

    subject: str
    role: Role
    session: str
    token_id: str
    issued_at: int
    expires_at: int


@dataclass(frozen=True)
class RefreshToken:
    """The text form is `rt_<user>.<family>.<secret>`: owner first, so that one read finds the session."""

    user_id: str
    family: str
    secret: str

    def __str__(self) -> str:
        return f"{REFRESH_PREFIX}{self.user_id}.{self.family}.{self.secret}"

    def __repr__(self) -> str:
        return f"RefreshToken(user_id={self.user_id!r}, family=hidden, secret=hidden)"

    @property
    def hash(self) -> str:
        """SHA-256 is enough: the secret is 256 random bits, so there is nothing to guess."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


def new_refresh_token(user_id: str) -> RefreshToken:
    """The first token of a new family."""
    return RefreshToken(user_id, secrets.token_urlsafe(_FAMILY_BYTES), secrets.token_urlsafe(_SECRET_BYTES))


def parse_refresh_token(text: str) -> RefreshToken:
    """Raises Unauthenticated when `text` is not a refresh token at all."""
    pieces = text.removeprefix(REFRESH_PREFIX).split(".")
    if not text.startswith(REFRESH_PREFIX) or len(pieces) != 3 or not all(pieces) or len(text) > 200:
        raise Unauthenticated("refresh_token: expected a refresh token of this service, found something else")
    return RefreshToken(*pieces)


@dataclass(frozen=True)
class Session:
    """One sign-in on one device: a family of refresh tokens, of which only `current_hash` is alive."""

    user_id: str
    family: str
    current_hash: str
    created_at: datetime
    rotated_at: datetime
    expires_at: datetime
    previous_hash: str = ""
    nonce: str = ""


class Verdict(StrEnum):
    CURRENT = "current"
    REPEATED = "repeated"
    STOLEN = "stolen"
    EXPIRED = "expired"


def judge(session: Session, presented: RefreshToken, now: datetime) -> Verdict:
    """What it means that `presented` is used at `now`."""
    if now >= session.expires_at:
        return Verdict.EXPIRED
    if hmac.compare_digest(presented.hash, session.current_hash):
        return Verdict.CURRENT
    fresh = now - session.rotated_at <= timedelta(seconds=REPEAT_S)
    if fresh and hmac.compare_digest(presented.hash, session.previous_hash):
        return Verdict.REPEATED
    return Verdict.STOLEN


def rotated(
    session: Session, presented: RefreshToken, now: datetime, lifetime: timedelta
) -> tuple[Session, RefreshToken]:
    """The session after the current token was exchanged, and the next token."""
    nonce = secrets.token_hex(_SECRET_BYTES)
    following = next_token(presented, nonce)
    changed = replace(
        session,
        current_hash=following.hash,
        previous_hash=presented.hash,
        nonce=nonce,
        rotated_at=now,
        expires_at=now + lifetime,
    )
    return changed, following


def next_token(presented: RefreshToken, nonce: str) -> RefreshToken:
    """The token that follows `presented`. Nobody who reads the store can make it: that needs the presented secret."""
    secret = hmac.new(presented.secret.encode(), nonce.encode(), hashlib.sha256).hexdigest()
    return replace(presented, secret=secret)
