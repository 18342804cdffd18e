"""Who is asking, and what a person may do.

A user is kept apart from the credentials that prove who is asking: passwords.py, tokens.py and access.py hold the
rules for those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from sotto.domain.errors import InvalidInput
from sotto.domain.quotas import OwnQuotas


class Role(StrEnum):
    USER = "user"
    OPERATOR = "operator"
    ADMIN = "admin"


class Scope(StrEnum):
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    WEBHOOKS = "webhooks"
    ACCOUNT = "account"
    ADMIN_READ = "admin:read"
    ADMIN_WRITE = "admin:write"


_USER = frozenset({Scope.JOBS_READ, Scope.JOBS_WRITE, Scope.WEBHOOKS, Scope.ACCOUNT})
ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.USER: _USER,
    Role.OPERATOR: _USER | {Scope.ADMIN_READ},
    Role.ADMIN: _USER | {Scope.ADMIN_READ, Scope.ADMIN_WRITE},
}


@dataclass(frozen=True)
class Principal:
    """A caller whose token or key was checked. `user_id` is the owner of everything it makes."""

    user_id: str
    role: Role
    scopes: frozenset[Scope]
    credential: str  # "token" or the key's prefix: what the audit log names


@dataclass(frozen=True)
class User:
    """A person's account. Times are ISO 8601 UTC. `password_hash` is argon2id's own text form.
    `job_mails` is the wish to be told by mail how one's jobs end."""

    id: str
    email: str
    role: Role
    password_hash: str
    created_at: str
    must_change_password: bool = False
    disabled: bool = False
    job_mails: bool = False
    quotas: OwnQuotas = field(default_factory=OwnQuotas)


@dataclass(frozen=True)
class UserPage:
    """Accounts in the order of their making. `cursor` asks for the next page and is None at the end."""

    users: tuple[User, ...]
    cursor: str | None


@dataclass(frozen=True)
class Standing:
    """What the store says of a caller right now: enough to judge a credential, and nothing more."""

    role: Role
    disabled: bool
    must_change_password: bool
    session_alive: bool


def scopes_of(role: Role, *, must_change_password: bool) -> frozenset[Scope]:
    """What a signed-in person may do: what the role allows, but only the account until a one-time password is gone."""
    return frozenset({Scope.ACCOUNT}) if must_change_password else ROLE_SCOPES[role]


MAX_EMAIL_LENGTH = 254  # RFC 5321: the longest path that mail can be sent to
_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")


def clean_email(email: str) -> str:
    """The e-mail address in the one form that is stored and compared. Raises InvalidInput.

    Only the shape is checked: whether mail arrives is proven by a mail, not by a pattern.
    """
    cleaned = email.strip().lower()
    if len(cleaned) > MAX_EMAIL_LENGTH or not _EMAIL.fullmatch(cleaned):
        raise InvalidInput("email", expected="an e-mail address such as ada@example.org", found=cleaned[:60])
    return cleaned
