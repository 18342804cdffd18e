"""What an administrator does with accounts: see them, change role, disable, sign out, delete.

The audit log's entry comes first: what was cut off may be in it twice or without effect, and none is missing from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sotto.domain.audit import Action, Origin
from sotto.domain.errors import NotFound, WrongState
from sotto.domain.identity import Principal, Role, User, UserPage
from sotto.workflows.identity_ports import ApiKeys, Sessions, Users
from sotto.workflows.record_audit import RecordAudit


@dataclass(frozen=True)
class ManageUsers:
    """`delete_all_jobs(owner)` empties an account of its recordings and transcripts; it may be repeated."""

    users: Users
    sessions: Sessions
    keys: ApiKeys
    delete_all_jobs: Callable[[str], None]
    audit: RecordAudit

    def page(self, *, limit: int, cursor: str | None) -> UserPage:
        return self.users.page(limit=limit, cursor=cursor)

    def get(self, user_id: str) -> User:
        user = self.users.by_id(user_id)
        if user is None:
            raise NotFound(f"user: expected an account, found none with id {user_id}", hint="GET /v1/users lists them.")
        return user

    def change(
        self,
        principal: Principal,
        user_id: str,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        quotas: Mapping[str, int | None] | None = None,
        origin: Origin,
    ) -> User:
        """Change an account; role and standing only of one that is not one's own. A disabled one loses its sessions;
        its keys sleep. Of `quotas`, those named are set (None: back to what all have) and the others stay."""
        if role is not None or disabled is not None:
            _not_oneself(principal, user_id)
        named, before = dict(quotas or {}), self.get(user_id)
        changes = {"role": role, "disabled": disabled, **{name: _said(value) for name, value in named.items()}}
        detail = ", ".join(f"{name}={value}" for name, value in changes.items() if value is not None)
        self.audit(Action.USER_CHANGED, user_id, origin, by=principal, detail=detail)
        own = replace(before.quotas, **named) if named else None
        user = self.users.change(user_id, role=role, disabled=disabled, quotas=own)
        if disabled:
            self.sessions.end_all(user_id)
        return user

    def sign_out(self, principal: Principal, user_id: str, origin: Origin) -> None:
        """End every session of an account, also one's own."""
        own, user = principal.user_id == user_id, self.get(user_id)
        self.audit(Action.SIGN_OUT_EVERYWHERE if own else Action.USER_SIGNED_OUT, user_id, origin, by=principal)
        self.sessions.end_all(user.id)

    def delete(self, principal: Principal, user_id: str, origin: Origin) -> None:
        """Remove an account and all that it owns. Shut first, emptied next, removed last: a crash can be repeated."""
        _not_oneself(principal, user_id)
        known = self.get(user_id).id
        self.audit(Action.USER_DELETED, user_id, origin, by=principal)
        user = self.users.change(known, disabled=True)
        self.sessions.end_all(user_id)
        self.keys.revoke_all(user_id)
        self.delete_all_jobs(user_id)
        self.users.delete(user)


def _said(quota: int | None) -> str:
    return "default" if quota is None else str(quota)


def _not_oneself(principal: Principal, user_id: str) -> None:
    """So the last administrator cannot shut everybody out by mistake."""
    if principal.user_id == user_id:
        raise WrongState(
            "user: expected another account, found your own", hint="Ask another administrator to change yours."
        )
