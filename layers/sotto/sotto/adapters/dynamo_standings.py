"""What the authorizer asks the table: a caller's standing, and the public key of a `kid`. Lean: no SDK.

Rows are written by dynamo_users.py, dynamo_sessions.py and dynamo_keys.py; a contract test writes with those and
reads with this.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sotto.adapters.ed25519_keys import public_key, thumbprint
from sotto.adapters.sigv4_dynamo import Row, SignedDynamo
from sotto.domain.identity import Role, Standing

KEY_CACHE_S = 60.0
"""How long a retired key may still verify in a process that knows it."""


class DynamoStandings:
    """Implements workflows.identity_ports.Standings."""

    def __init__(self, table: SignedDynamo, clock: Callable[[], datetime]) -> None:
        self._table, self._clock = table, clock

    def of_session(self, user_id: str, session: str) -> Standing | None:
        owner = f"USER#{user_id}"
        rows = self._table.get([{"pk": owner, "sk": "PROFILE"}, {"pk": owner, "sk": f"SESSION#{session}"}])
        by_kind = {str(_value(row["sk"])): row for row in rows}
        profile = by_kind.get("PROFILE")
        if profile is None:
            return None
        living = by_kind.get(f"SESSION#{session}")
        now = self._clock().timestamp()
        return Standing(
            role=Role(_value(profile["role"])),
            disabled=bool(_value(profile["disabled"])),
            must_change_password=bool(_value(profile["must_change_password"])),
            session_alive=living is not None and float(_value(living["expires_at"])) > now,
        )


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


def _verifies_until(row: Row, kid: str) -> float:
    """Epoch seconds; 0 for a row whose key is not the one that its id names."""
    if thumbprint(str(_value(row["x"]))) != kid:
        return 0.0
    return float(_value(row["expires_at"])) if "expires_at" in row else float("inf")


def _value(attribute: dict[str, Any]) -> Any:
    """The one value of a typed attribute."""
    return next(iter(attribute.values()))
