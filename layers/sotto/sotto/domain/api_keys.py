"""API keys: what one looks like, what it may do, and when it is good.

`sk_<user>_<id>_<secret>`: the owner comes first, so one read finds the key, its owner's account and nothing else.
`sk_...<id>` is the prefix that people recognise it by. Only the hash of the secret is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from sotto.domain.errors import Forbidden, InvalidInput, Unauthenticated
from sotto.domain.identity import Scope

PREFIX = "sk_"
KEY_SCOPES = frozenset(Scope) - {Scope.ACCOUNT}
"""What a key may hold. A key never manages the account: it cannot make keys or change the password."""
MAX_NAME_LENGTH = 80
_ID_BYTES = 5
_SECRET_BYTES = 32
_TEXT = re.compile(r"sk_([0-9A-Za-z]{1,40})_([0-9a-f]{10})_([0-9a-f]{64})")


@dataclass(frozen=True)
class KeyText:
    """A key as its holder sends it."""

    user_id: str
    key_id: str
    secret: str

    def __str__(self) -> str:
        return f"{PREFIX}{self.user_id}_{self.key_id}_{self.secret}"

    def __repr__(self) -> str:
        return f"KeyText({prefix_of(self.key_id)})"

    @property
    def hash(self) -> str:
        """SHA-256 is enough: the secret is 256 random bits, so there is nothing to guess."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


@dataclass(frozen=True)
class ApiKey:
    """A stored key. Times are ISO 8601 UTC, except `expires_at` in epoch seconds (0: never)."""

    id: str
    user_id: str
    name: str
    scopes: frozenset[Scope]
    hash: str
    created_at: str
    expires_at: int = 0
    last_used_at: str | None = None

    @property
    def prefix(self) -> str:
        return prefix_of(self.id)

    def good(self, presented: KeyText, now: float) -> bool:
        return hmac.compare_digest(self.hash, presented.hash) and (self.expires_at == 0 or now < self.expires_at)


def prefix_of(key_id: str) -> str:
    """What lists, logs and the audit log show of a key."""
    return f"{PREFIX}{key_id}"


def new_key_text(user_id: str) -> KeyText:
    return KeyText(user_id, secrets.token_hex(_ID_BYTES), secrets.token_hex(_SECRET_BYTES))


def parse_key(text: str) -> KeyText:
    """Raises Unauthenticated when `text` is not a key at all."""
    found = _TEXT.fullmatch(text)
    if not found:
        raise Unauthenticated("API key: expected one of this service (sk_...), found another form")
    return KeyText(*found.groups())


def check_scopes(wanted: frozenset[Scope], held: frozenset[Scope]) -> frozenset[Scope]:
    """The scopes of a new key: at least one, none that its maker lacks. Raises InvalidInput or Forbidden."""
    if not wanted or not wanted <= KEY_SCOPES:
        raise InvalidInput(
            "scopes", expected=f"some of {', '.join(sorted(KEY_SCOPES))}", found=", ".join(sorted(wanted))
        )
    if not wanted <= held:
        raise Forbidden(f"scopes: expected some of your own, found {', '.join(sorted(wanted - held))} besides")
    return wanted
