"""What operators and administrators do: accounts, invitations, the audit log, life signs."""

from __future__ import annotations

from collections.abc import Mapping

from sotto.client.accounts import User
from sotto.client.answers import Answer, Pages, read, send
from sotto.client.flow import Flow, Request, at, present


class AuditEntry(Answer):
    """Who did what, with which credential, on which object, from where, and how it ended."""

    id: str
    at: str
    who: str
    credential: str
    action: str
    object: str
    outcome: str
    address: str
    request_id: str
    detail: str


class Life(Answer):
    status: str


class Readiness(Answer):
    """`checks` are name -> ok or failed."""

    status: str
    checks: dict[str, str]


class ServiceVersion(Answer):
    version: str
    stage: str


def users() -> Pages[User]:
    """Every account, oldest first."""
    return Pages("/users", "users", User.model_validate)


def user(user_id: str) -> Flow[User]:
    """One account."""
    return read(Request("GET", at("/users/{}", user_id)), User, "user")


def change_user(
    user_id: str,
    *,
    role: str | None = None,
    disabled: bool | None = None,
    quotas: Mapping[str, int | None] | None = None,
) -> Flow[User]:
    """Change the role of an account, disable it or enable it again, or give it limits of its own.

    `quotas` names some of minutes_a_month, concurrent_jobs, stored_bytes; None goes back to what all have, 0 is no
    limit.
    """
    body = {**present(role=role, disabled=disabled), **({} if quotas is None else {"quotas": dict(quotas)})}
    return read(Request("PATCH", at("/users/{}", user_id), body=body), User, "user")


def delete_user(user_id: str) -> Flow[None]:
    """Delete an account with all its recordings and transcripts, for good."""
    return send(Request("DELETE", at("/users/{}", user_id)))


def sign_user_out(user_id: str) -> Flow[None]:
    """End every session of an account."""
    return send(Request("POST", at("/users/{}/sign-out", user_id), body={}))


def invite(email: str, role: str = "user") -> Flow[None]:
    """Mail an invitation."""
    return send(Request("POST", "/invitations", body={"email": email, "role": role}))


def audit(day: str) -> Pages[AuditEntry]:
    """The audit log of a day (UTC, such as 2026-11-22), newest first. Looking is an entry itself."""
    return Pages("/audit", "entries", AuditEntry.model_validate, {"day": day})


def alive() -> Flow[Life]:
    """Whether the service answers at all."""
    return read(Request("GET", "/livez", public=True), Life)


def ready() -> Flow[Readiness]:
    """Whether what it needs is there. Raises Unavailable while it is not."""
    return read(Request("GET", "/readyz", public=True), Readiness)


def version() -> Flow[ServiceVersion]:
    """What is deployed."""
    return read(Request("GET", "/version", public=True), ServiceVersion)
