"""Judge a caller's credential: the signature first, then what the store says of the person right now.

Imports stay lean on purpose: this runs in the authorizer, in front of every request (docs/security.md has the cost).
"""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.errors import Unauthenticated
from sotto.domain.identity import Principal, scopes_of
from sotto.workflows.identity_ports import AccessVerifier, Standings

TOKEN = "token"  # noqa: S105 - the kind of credential that the audit log names
_SCHEME = "bearer "


@dataclass(frozen=True)
class Authorize:
    verifier: AccessVerifier
    standings: Standings

    def __call__(self, authorization: str) -> Principal:
        """The caller behind the `Authorization` header. Raises Unauthenticated."""
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise Unauthenticated("Authorization: expected `Bearer ...`, found another form")
        claims = self.verifier.verify(authorization[len(_SCHEME) :].strip())
        standing = self.standings.of_session(claims.subject, claims.session)
        if standing is None or standing.disabled:
            raise Unauthenticated("account: expected an active one, found none")
        if not standing.session_alive:
            raise Unauthenticated("session: expected a living one, found one that ended")
        scopes = scopes_of(standing.role, must_change_password=standing.must_change_password)
        return Principal(claims.subject, standing.role, scopes, TOKEN)
