"""Make, list and revoke one's own API keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sotto.domain.api_keys import MAX_NAME_LENGTH, ApiKey, KeyText, check_scopes, new_key_text
from sotto.domain.audit import Action, Origin
from sotto.domain.errors import InvalidInput, LimitReached
from sotto.domain.identity import Principal, Scope
from sotto.workflows.identity_ports import ApiKeys, Clock
from sotto.workflows.moments import iso
from sotto.workflows.record_audit import RecordAudit

MAX_KEYS = 50


@dataclass(frozen=True)
class ManageKeys:
    keys: ApiKeys
    audit: RecordAudit
    clock: Clock

    def create(
        self, principal: Principal, name: str, scopes: frozenset[Scope], days: int | None, origin: Origin
    ) -> tuple[ApiKey, KeyText]:
        """A new key and its text, which nobody can read a second time. `days` None means that it does not expire."""
        label = name.strip()
        if not 1 <= len(label) <= MAX_NAME_LENGTH:
            raise InvalidInput("name", expected=f"1 to {MAX_NAME_LENGTH} characters", found=f"{len(label)} characters")
        allowed = check_scopes(scopes, principal.scopes)
        if len(self.keys.of_user(principal.user_id)) >= MAX_KEYS:
            raise LimitReached(
                f"API keys: expected at most {MAX_KEYS}, found as many",
                retry_after_s=3600,
                hint="Revoke a key that is not needed.",
            )
        now = self.clock()
        text = new_key_text(principal.user_id)
        key = ApiKey(
            id=text.key_id,
            user_id=principal.user_id,
            name=label,
            scopes=allowed,
            hash=text.hash,
            created_at=iso(now),
            expires_at=int((now + timedelta(days=days)).timestamp()) if days is not None else 0,
        )
        self.keys.add(key)
        self.audit(Action.KEY_CREATED, key.prefix, origin, by=principal, detail=" ".join(sorted(allowed)))
        return key, text

    def of(self, principal: Principal) -> list[ApiKey]:
        return self.keys.of_user(principal.user_id)

    def revoke(self, principal: Principal, key_id: str, origin: Origin) -> None:
        """Raises NotFound, also for somebody else's key."""
        self.keys.revoke(principal.user_id, key_id)
        self.audit(Action.KEY_REVOKED, f"sk_{key_id}", origin, by=principal)
