"""Access tokens as JWTs. The verifier fixes everything that a token could lie about.

The algorithm comes from this file, never from the token's header; the key is looked up by `kid` among our own keys,
so a header with `jwk`, `jku` or `x5u` has no effect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sotto.domain.errors import Unauthenticated
from sotto.domain.identity import Role
from sotto.domain.tokens import AccessClaims

ALGORITHM = "EdDSA"
LEEWAY_S = 5
"""How far two machines' clocks may differ."""
MAX_TOKEN_CHARACTERS = 2048
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "jti", "sid"]
_KID = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class JwtSigner:
    """`current_key` answers (kid, key) each time, because the key may be rotated while the process lives."""

    issuer: str
    audience: str
    current_key: Callable[[], tuple[str, Ed25519PrivateKey]]

    def issue(self, claims: AccessClaims) -> str:
        kid, key = self.current_key()
        payload = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": claims.subject,
            "sid": claims.session,
            "jti": claims.token_id,
            "iat": claims.issued_at,
            "exp": claims.expires_at,
            "role": claims.role.value,
        }
        return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": kid})


@dataclass(frozen=True)
class JwtVerifier:
    """`key_of` answers the public key of a `kid`, or None when it is not (or no longer) one of ours."""

    issuer: str
    audience: str
    key_of: Callable[[str], Ed25519PublicKey | None]
    clock: Callable[[], datetime]

    def verify(self, token: str) -> AccessClaims:
        """Raises Unauthenticated, which names the check that failed and never the token."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise Unauthenticated("access token: expected one of this service, found something longer")
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = self.key_of(kid) if isinstance(kid, str) and _KID.fullmatch(kid) else None
            if key is None:
                raise Unauthenticated("access token: expected one that this service signed, found an unknown key")
            payload = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self.issuer,
                audience=self.audience,
                # The times are checked below, by the injected clock.
                options={"require": _REQUIRED, "strict_aud": True, "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError:
            raise Unauthenticated("access token: expected one that this service signed, found another") from None
        return self._in_time(_claims(payload))

    def _in_time(self, claims: AccessClaims) -> AccessClaims:
        now = self.clock().timestamp()
        if claims.expires_at + LEEWAY_S <= now:
            raise Unauthenticated("access token: expected one that is still valid, found an expired one")
        if claims.issued_at - LEEWAY_S > now:
            raise Unauthenticated("access token: expected one issued before now, found one from the future")
        return claims


def _claims(payload: dict[str, object]) -> AccessClaims:
    try:
        return AccessClaims(
            subject=str(payload["sub"]),
            role=Role(str(payload["role"])),
            session=str(payload["sid"]),
            token_id=str(payload["jti"]),
            issued_at=_seconds(payload["iat"]),
            expires_at=_seconds(payload["exp"]),
        )
    except (KeyError, ValueError):
        raise Unauthenticated("access token: expected this service's claims, found others") from None


def _seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("expected whole seconds")  # noqa: TRY004 - one kind of error for every bad claim
    return value
