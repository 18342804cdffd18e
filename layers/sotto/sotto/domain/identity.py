"""Who is asking, and what each route demands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
