"""One's own account: sessions, password, API keys. And the ways to get an account."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from sotto.client.answers import Answer, read, read_all, send
from sotto.client.flow import Flow, Request, at


class Tokens(Answer):
    """`expires_in` in seconds. A refresh token is good for one use."""

    access_token: str = Field(repr=False)
    refresh_token: str = Field(repr=False)
    expires_in: int
    must_change_password: bool = False


class User(Answer):
    id: str
    email: str
    role: str
    created_at: str
    must_change_password: bool = False
    disabled: bool = False
    job_mails: bool = False


class Use(Answer):
    """`minutes` of audio in `month` (UTC); what is held now."""

    month: str
    minutes: float
    unfinished_jobs: int
    stored_bytes: int


class Limits(Answer):
    """0 is no limit. Of one user alone, None is the limit that all have."""

    minutes_a_month: int | None = None
    concurrent_jobs: int | None = None
    stored_bytes: int | None = None
    engine_s_a_month: int | None = None


class Account(Answer):
    """One's own account: what is used, and how much may be."""

    user: User
    use: Use
    limits: Limits


class Key(Answer):
    """An API key without its secret. `expires_at` None means never."""

    id: str
    prefix: str
    name: str
    scopes: list[str]
    created_at: str
    expires_at: str | None = None
    last_used_at: str | None = None


class NewKey(Answer):
    """The only answer that holds the key's text."""

    key: Key
    secret: str = Field(repr=False)


class Setup(Answer):
    """Whether the service has had its first administrator; `sign_up` is invitation or open."""

    bootstrapped: bool
    sign_up: str


def sign_in(email: str, password: str) -> Flow[Tokens]:
    """Exchange e-mail address and password for tokens. Raises Unauthenticated, LimitReached."""
    return read(Request("POST", "/auth/sign-in", body={"email": email, "password": password}, public=True), Tokens)


def refresh(refresh_token: str) -> Flow[Tokens]:
    """Exchange a refresh token for the next pair. Raises Unauthenticated when the session has ended."""
    return read(Request("POST", "/auth/refresh", body={"refresh_token": refresh_token}, public=True), Tokens)


def sign_out(refresh_token: str) -> Flow[None]:
    """End the session of a refresh token."""
    return send(Request("POST", "/auth/sign-out", body={"refresh_token": refresh_token}, public=True))


def sign_out_everywhere() -> Flow[None]:
    """End every session of the caller."""
    return send(Request("POST", "/auth/sign-out-everywhere", body={}))


def change_password(old: str, new: str) -> Flow[None]:
    """Change one's own password, which ends every session."""
    return send(Request("POST", "/auth/password", body={"old_password": old, "new_password": new}))


def setup() -> Flow[Setup]:
    """Whether the service has had its first administrator, and who may have an account."""
    return read(Request("GET", "/auth/setup", public=True), Setup)


def bootstrap(one_time_password: str, email: str, password: str) -> Flow[User]:
    """Make the first administrator, once."""
    body = {"one_time_password": one_time_password, "email": email, "password": password}
    return read(Request("POST", "/auth/bootstrap", body=body, public=True), User, "user")


def ask_for_account(email: str) -> Flow[None]:
    """Have an invitation mailed, where sign-up is open."""
    return send(Request("POST", "/auth/sign-up-request", body={"email": email}, public=True))


def sign_up(invitation: str, password: str) -> Flow[User]:
    """Open the account that an invitation names."""
    body = {"invitation": invitation, "password": password}
    return read(Request("POST", "/auth/sign-up", body=body, public=True), User, "user")


def ask_for_reset(email: str) -> Flow[None]:
    """Have a token for a new password mailed."""
    return send(Request("POST", "/auth/reset-request", body={"email": email}, public=True))


def reset_password(token: str, new_password: str) -> Flow[None]:
    """Set a new password with the token from the mail."""
    return send(Request("POST", "/auth/reset", body={"token": token, "new_password": new_password}, public=True))


def account() -> Flow[Account]:
    """The caller's own account."""
    return read(Request("GET", "/account"), Account)


def change_account(*, job_mails: bool) -> Flow[User]:
    """Whether one is mailed how one's jobs end."""
    return read(Request("PATCH", "/account", body={"job_mails": job_mails}), User, "user")


def keys() -> Flow[list[Key]]:
    """The caller's API keys."""
    return read_all(Request("GET", "/keys"), Key, "keys")


def create_key(name: str, scopes: Sequence[str], expires_in_days: int | None = None) -> Flow[NewKey]:
    """Make an API key with some of the caller's scopes; None never expires."""
    body = {"name": name, "scopes": list(scopes), "expires_in_days": expires_in_days}
    return read(Request("POST", "/keys", body=body), NewKey)


def revoke_key(key_id: str) -> Flow[None]:
    """End an API key; the gateway may remember it for a minute."""
    return send(Request("DELETE", at("/keys/{}", key_id)))
