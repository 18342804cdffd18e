"""As whom the client calls, and how it gets the next token when the present one has run out."""

from __future__ import annotations

from typing import Protocol

from sotto.client import accounts
from sotto.client.errors import Unauthenticated
from sotto.client.flow import Flow


class Identity(Protocol):
    """`token` goes with every request that is not public; None until there is one."""

    token: str | None

    def renew(self) -> Flow[bool]:
        """Put another token in place of the present one. False when that is not possible."""
        ...


class Fixed:
    """An API key, or an access token that somebody else looks after. None is nobody: public routes only."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token

    def renew(self) -> Flow[bool]:
        return False
        yield  # a flow without steps


class Password:
    """A person. Signs in at the first call, renews the session while it lives, then signs in again."""

    def __init__(self, email: str, password: str) -> None:
        self._email, self._password = email, password
        self._refresh_token: str | None = None
        self.token: str | None = None

    def renew(self) -> Flow[bool]:
        tokens = (yield from self._refreshed()) or (yield from accounts.sign_in(self._email, self._password))
        self.token, self._refresh_token = tokens.access_token, tokens.refresh_token
        return True

    def _refreshed(self) -> Flow[accounts.Tokens | None]:
        if self._refresh_token is None:
            return None
        try:
            return (yield from accounts.refresh(self._refresh_token))
        except Unauthenticated:
            return None
