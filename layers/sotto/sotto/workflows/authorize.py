"""Judge a caller's credential: its proof first, then what the store says of the person right now.

Imports stay lean on purpose: this runs in the authorizer, in front of every request (docs/security.md has the cost).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sotto.domain.api_keys import PREFIX, ApiKey, parse_key
from sotto.domain.errors import Unauthenticated
from sotto.domain.identity import Principal, Standing, scopes_of
from sotto.workflows.identity_ports import AccessVerifier, Clock, Standings
from sotto.workflows.moments import iso

TOKEN = "token"  # noqa: S105 - the kind of credential that the audit log names
NOTE_USE_EVERY = timedelta(hours=1)
_SCHEME = "bearer "


@dataclass(frozen=True)
class Authorized:
    """`first_use` is the key when this is its first use for a while, which the caller should note."""

    principal: Principal
    first_use: ApiKey | None = None


@dataclass(frozen=True)
class Authorize:
    verifier: AccessVerifier
    standings: Standings
    clock: Clock

    def __call__(self, authorization: str, api_key: str = "") -> Authorized:
        """The caller behind the `Authorization` header, or behind `X-API-Key` without one. Raises Unauthenticated.

        With both, only `Authorization` counts: the gateway keeps the answer under that header alone.
        """
        if not authorization and api_key:
            return self._by_key(api_key.strip())
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise Unauthenticated("Authorization: expected `Bearer ...`, found another form")
        credential = authorization[len(_SCHEME) :].strip()
        return self._by_key(credential) if credential.startswith(PREFIX) else self._by_token(credential)

    def _by_token(self, token: str) -> Authorized:
        claims = self.verifier.verify(token)
        standing = _active(self.standings.of_session(claims.subject, claims.session))
        if not standing.session_alive:
            raise Unauthenticated("session: expected a living one, found one that ended")
        scopes = scopes_of(standing.role, must_change_password=standing.must_change_password)
        return Authorized(Principal(claims.subject, standing.role, scopes, TOKEN))

    def _by_key(self, text: str) -> Authorized:
        presented = parse_key(text)
        found = self.standings.of_key(presented.user_id, presented.key_id)
        now = self.clock()
        if found is None or not found[1].good(presented, now.timestamp()):
            raise Unauthenticated(
                "API key: expected one that holds, found one that is revoked, expired or not from here",
                hint="Make a new key in your account, or ask whoever runs this integration.",
            )
        standing, key = _active(found[0]), found[1]
        scopes = key.scopes & scopes_of(standing.role, must_change_password=standing.must_change_password)
        principal = Principal(key.user_id, standing.role, scopes, key.prefix)
        if not _due(key, now) or not self.standings.note_use(key, iso(now)):
            return Authorized(principal)
        return Authorized(principal, first_use=key)


def _active(standing: Standing | None) -> Standing:
    if standing is None or standing.disabled:
        raise Unauthenticated("account: expected an active one, found none")
    return standing


def _due(key: ApiKey, now: datetime) -> bool:
    return key.last_used_at is None or now - datetime.fromisoformat(key.last_used_at) >= NOTE_USE_EVERY
