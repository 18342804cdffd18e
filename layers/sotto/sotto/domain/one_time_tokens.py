"""Tokens that travel by mail and work once: invitations (`iv_`) and password resets (`pw_`).

They name their row, so one read finds it; only the hash of the secret is stored. They are short-lived and go into
the part of a link behind `#`, which a browser never sends to a server.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sotto.domain.errors import InvalidInput
from sotto.domain.identity import Role

INVITATION_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(minutes=30)
_BYTES = 32


@dataclass(frozen=True)
class OneTimeToken:
    kind: str
    name: str
    secret: str

    def __str__(self) -> str:
        return f"{self.kind}_{self.name}.{self.secret}"

    def __repr__(self) -> str:
        return f"OneTimeToken({self.kind})"

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.secret.encode()).hexdigest()


INVITATION = "iv"
RESET = "pw"


def new_token(kind: str, name: str) -> OneTimeToken:
    return OneTimeToken(kind, name, secrets.token_urlsafe(_BYTES))


def parse_token(kind: str, text: str, *, key: str) -> OneTimeToken:
    """Raises InvalidInput, in the same words that a used or expired token gets."""
    name, dot, secret = text.removeprefix(f"{kind}_").partition(".")
    if not text.startswith(f"{kind}_") or not (name and dot and secret) or len(text) > 200:
        raise unusable(key)
    return OneTimeToken(kind, name, secret)


def unusable(key: str) -> InvalidInput:
    return InvalidInput(
        key,
        expected="a token from a mail that is neither used nor expired",
        found="another one",
        hint="Ask for a new mail.",
    )


@dataclass(frozen=True)
class Invitation:
    """`id` names the row. `expires_at` in epoch seconds."""

    id: str
    hash: str
    email: str
    role: Role
    invited_by: str
    expires_at: int
