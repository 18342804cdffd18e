"""The caller, as the authorizer wrote it into the request: the one place that knows the form of that context.

The gateway sets this part of the event; a client cannot. Without it (a route that forgot its authorizer) nobody is
signed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sotto.domain.errors import Unauthenticated
from sotto.domain.identity import Principal, Role, Scope


def principal_to_context(principal: Principal) -> dict[str, str]:
    """Strings only: API Gateway passes nothing else through unchanged."""
    return {
        "user_id": principal.user_id,
        "role": principal.role.value,
        "scopes": " ".join(sorted(principal.scopes)),
        "credential": principal.credential,
    }


def principal_from_event(event: Mapping[str, Any]) -> Principal:
    """The caller of a proxy event. Raises Unauthenticated when the authorizer did not name one."""
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    try:
        user_id, credential = context["user_id"], context["credential"]
        role = Role(context["role"])
        scopes = frozenset(Scope(scope) for scope in context["scopes"].split())
    except (KeyError, ValueError, AttributeError):
        raise Unauthenticated("expected a signed-in caller, found none") from None
    if not user_id:
        raise Unauthenticated("expected a signed-in caller, found none")
    return Principal(str(user_id), role, scopes, str(credential))
