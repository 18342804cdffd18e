"""The key that signs now, published before it is first used: a token is never older than its public key."""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sotto.adapters.ed25519_keys import private_key, public_x, thumbprint
from sotto.domain.signing_keys import SigningKeys


class _Keyring(Protocol):
    def read(self) -> SigningKeys: ...


class _Published(Protocol):
    def publish(self, x: str) -> None: ...


class CurrentKey:
    """Answers (kid, key). Publishes each seed once a process; that write is idempotent."""

    def __init__(self, keyring: _Keyring, published: _Published) -> None:
        self._keyring, self._published = keyring, published
        self._made: dict[str, tuple[str, Ed25519PrivateKey]] = {}

    def __call__(self) -> tuple[str, Ed25519PrivateKey]:
        keys = self._keyring.read()
        if keys.seed not in self._made:
            key = private_key(keys.seed)
            x = public_x(key)
            self._published.publish(x)
            self._made = {keys.seed: (thumbprint(x), key)}
        return self._made[keys.seed]
