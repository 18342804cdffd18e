"""What the authorizer asks the table: a caller's standing, and the public key of a `kid`. Lean: no SDK.

Rows are written by dynamo_users.py, dynamo_sessions.py, dynamo_api_keys.py and dynamo_keys.py; a contract test writes
with those and reads with this.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sotto.adapters.audit_rows import audit_row
from sotto.adapters.ed25519_keys import public_key, thumbprint
from sotto.adapters.sigv4_dynamo import Row, SignedDynamo
from sotto.domain.api_keys import ApiKey
from sotto.domain.audit import AuditEntry
from sotto.domain.identity import Role, Scope, Standing

KEY_CACHE_S = 60.0
"""How long a retired key may still verify in a process that knows it."""


class DynamoStandings:
    """Implements workflows.identity_ports.Standings."""

    def __init__(self, table: SignedDynamo, clock: Callable[[], datetime]) -> None:
        self._table, self._clock = table, clock

    def of_session(self, user_id: str, session: str) -> Standing | None:
        owner = f"USER#{user_id}"
        rows = self._rows(owner, "PROFILE", f"SESSION#{session}")
        living = rows.get(f"SESSION#{session}")
        alive = living is not None and float(_value(living["expires_at"])) > self._clock().timestamp()
        return _standing(rows["PROFILE"], alive=alive) if "PROFILE" in rows else None

    def of_key(self, user_id: str, key_id: str) -> tuple[Standing, ApiKey] | None:
        rows = self._rows(f"USER#{user_id}", "PROFILE", f"KEY#{key_id}")
        if len(rows) < 2:
            return None
        return _standing(rows["PROFILE"], alive=False), _key(rows[f"KEY#{key_id}"])

    def note_use(self, key: ApiKey, at: str) -> bool:
        row = {"pk": f"USER#{key.user_id}", "sk": f"KEY#{key.id}"}
        return self._table.swap(row, "last_used_at", key.last_used_at, at)

    def _rows(self, owner: str, *kinds: str) -> dict[str, Row]:
        rows = self._table.get([{"pk": owner, "sk": kind} for kind in kinds])
        return {str(_value(row["sk"])): row for row in rows}


class DynamoPublicKeys:
    """The service's public keys by their `kid`."""

    def __init__(self, table: SignedDynamo, clock: Callable[[], datetime]) -> None:
        self._table, self._clock = table, clock
        self._known: dict[str, tuple[float, Ed25519PublicKey]] = {}

    def __call__(self, kid: str) -> Ed25519PublicKey | None:
        """The key, or None when it is unknown or retired. Only a known key is remembered."""
        now = self._clock().timestamp()
        cached = self._known.get(kid)
        if cached and now < cached[0]:
            return cached[1]
        row = next(iter(self._table.get([{"pk": "SYSTEM#KEYS", "sk": f"JWK#{kid}"}])), None)
        until = _verifies_until(row, kid) if row else 0.0
        if row is None or now >= until:
            self._known.pop(kid, None)
            return None
        key = public_key(str(_value(row["x"])))
        self._known[kid] = (min(until, now + KEY_CACHE_S), key)
        return key


class LeanAudit:
    """Appends to the audit log as dynamo_audit.py does."""

    def __init__(self, table: SignedDynamo, keep_days: int) -> None:
        self._table, self._keep_days = table, keep_days

    def append(self, entry: AuditEntry) -> None:
        self._table.add(audit_row(entry, self._keep_days))


def _standing(profile: Row, *, alive: bool) -> Standing:
    return Standing(
        role=Role(_value(profile["role"])),
        disabled=bool(_value(profile["disabled"])),
        must_change_password=bool(_value(profile["must_change_password"])),
        session_alive=alive,
    )


def _key(row: Row) -> ApiKey:
    return ApiKey(
        id=str(_value(row["key_id"])),
        user_id=str(_value(row["user_id"])),
        name=str(_value(row["name"])),
        scopes=frozenset(Scope(scope) for scope in str(_value(row["scopes"])).split()),
        hash=str(_value(row["key_hash"])),
        created_at=str(_value(row["created_at"])),
        expires_at=int(_value(row["ends_at"])),
        last_used_at=str(_value(row["last_used_at"])) if "last_used_at" in row else None,
    )


def _verifies_until(row: Row, kid: str) -> float:
    """Epoch seconds; 0 for a row whose key is not the one that its id names."""
    if thumbprint(str(_value(row["x"]))) != kid:
        return 0.0
    return float(_value(row["expires_at"])) if "expires_at" in row else float("inf")


def _value(attribute: dict[str, Any]) -> Any:
    """The one value of a typed attribute."""
    return next(iter(attribute.values()))
