"""What the audit log remembers: who did what to which object, from where, and how it ended.

No entry holds a password, a token, a file name or a transcript; an object is named by its id.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    SIGN_IN = "sign-in"
    SIGN_OUT_EVERYWHERE = "sign-out-everywhere"
    SIGN_UP = "sign-up"
    BOOTSTRAP = "bootstrap"
    TOKEN_REUSED = "refresh-token-reused"  # noqa: S105 - a name, not a token
    PASSWORD_CHANGED = "password-changed"  # noqa: S105
    PASSWORD_RESET_ASKED = "password-reset-asked"  # noqa: S105
    PASSWORD_RESET = "password-reset"  # noqa: S105
    KEY_CREATED = "key-created"
    KEY_REVOKED = "key-revoked"
    KEY_USED = "key-used"
    INVITED = "invited"
    USER_CHANGED = "user-changed"
    USER_DELETED = "user-deleted"
    USER_SIGNED_OUT = "user-signed-out"
    TRANSCRIPT_EXPORTED = "transcript-exported"
    JOB_DELETED = "job-deleted"
    REDRIVEN = "redriven"
    INDEX_REBUILT = "index-rebuilt"
    AUDIT_READ = "audit-read"
    SIGNING_KEYS_ROTATED = "signing-keys-rotated"


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    address: str
    request_id: str


@dataclass(frozen=True)
class AuditEntry:
    """`who` is a user id, or "nobody" before anybody is known; `credential` is "token", a key's prefix or "none"."""

    id: str
    at: str
    who: str
    credential: str
    action: Action
    object: str
    outcome: Outcome
    address: str
    request_id: str
    detail: str = ""


@dataclass(frozen=True)
class AuditPage:
    """One day's entries, newest first. `cursor` asks for the next page and is None at the end."""

    entries: tuple[AuditEntry, ...]
    cursor: str | None
