"""Ed25519 keys in the forms that the service needs: a seed to sign, a JWK to publish, a thumbprint as the key's id.

Kept apart from jwt_tokens.py, and free of AWS, so that the authorizer stays light.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sotto.domain.errors import MisconfiguredSetting

SEED_BYTES = 32
_HEX_SEED = re.compile(r"[0-9a-f]{64}")


def private_key(seed_hex: str) -> Ed25519PrivateKey:
    """The key that 64 hex digits stand for (any 32 random bytes are a good Ed25519 seed: RFC 8032, 5.1.5)."""
    if not _HEX_SEED.fullmatch(seed_hex):
        raise MisconfiguredSetting(
            "the signing secret",
            expected='JSON {"seed": 64 hex digits, ...}',
            found=f"a seed of {len(seed_hex)} characters",
            fix="run the rotate_keys function, or delete the secret and deploy again",
        )
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed_hex))


def public_x(key: Ed25519PrivateKey) -> str:
    """The public half as a JWK's `x`: 43 characters of base64url."""
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public_key(x: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "="))


def thumbprint(x: str) -> str:
    """The key's id by RFC 7638: anybody who has the public key can compute it, nobody can choose it."""
    canonical = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def jwk(x: str) -> dict[str, str]:
    """The key as /auth/jwks publishes it."""
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": thumbprint(x), "x": x}
