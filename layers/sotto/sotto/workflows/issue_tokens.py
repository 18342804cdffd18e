"""Write the pair of tokens that a sign-in and a refresh both answer with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sotto.domain.identity import User
from sotto.domain.tokens import AccessClaims, RefreshToken
from sotto.workflows.identity_ports import AccessTokens

_ID_BYTES = 16


@dataclass(frozen=True)
class SignedIn:
    """What the caller gets. Never log it: `repr` hides the tokens."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    user: User

    def __repr__(self) -> str:
        return f"SignedIn(user_id={self.user.id!r}, tokens hidden)"


@dataclass(frozen=True)
class IssueTokens:
    access_tokens: AccessTokens
    access_ttl: timedelta

    def __call__(self, user: User, refresh: RefreshToken, now: datetime) -> SignedIn:
        """Sign an access token for the session that `refresh` belongs to."""
        ttl_s = int(self.access_ttl.total_seconds())
        issued_at = int(now.timestamp())
        claims = AccessClaims(
            subject=user.id,
            role=user.role,
            session=refresh.family,
            token_id=secrets.token_urlsafe(_ID_BYTES),
            issued_at=issued_at,
            expires_at=issued_at + ttl_s,
        )
        return SignedIn(self.access_tokens.issue(claims), str(refresh), ttl_s, user)
