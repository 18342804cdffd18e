"""Which scope each route demands: the one table. A route that is not in it is refused.

The gateway's authorizer has already checked the token or key; what it may do is decided here, by the same table in
every function. A house test compares the table with template.yaml.
"""

from __future__ import annotations

from sotto.domain.errors import Forbidden
from sotto.domain.identity import Principal, Scope

PUBLIC: frozenset[tuple[str, str]] = frozenset(
    {
        ("POST", "/auth/sign-in"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/sign-out"),
        ("GET", "/auth/jwks"),
        ("GET", "/auth/setup"),
        ("POST", "/auth/bootstrap"),
        ("POST", "/auth/sign-up-request"),
        ("POST", "/auth/sign-up"),
        ("POST", "/auth/reset-request"),
        ("POST", "/auth/reset"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
        ("GET", "/version"),
        ("GET", "/openapi.json"),
        ("GET", "/receipts/keys"),
        ("POST", "/receipts/verify"),
    }
)

ROUTE_SCOPES: dict[tuple[str, str], Scope] = {
    ("POST", "/auth/password"): Scope.ACCOUNT,
    ("POST", "/auth/sign-out-everywhere"): Scope.ACCOUNT,
    ("GET", "/account"): Scope.ACCOUNT,
    ("PATCH", "/account"): Scope.ACCOUNT,
    ("GET", "/keys"): Scope.ACCOUNT,
    ("POST", "/keys"): Scope.ACCOUNT,
    ("DELETE", "/keys/{key_id}"): Scope.ACCOUNT,
    ("GET", "/users"): Scope.ADMIN_READ,
    ("GET", "/users/{user_id}"): Scope.ADMIN_READ,
    ("GET", "/users/{user_id}/usage"): Scope.ADMIN_READ,
    ("PATCH", "/users/{user_id}"): Scope.ADMIN_WRITE,
    ("DELETE", "/users/{user_id}"): Scope.ADMIN_WRITE,
    ("POST", "/users/{user_id}/sign-out"): Scope.ADMIN_WRITE,
    ("POST", "/invitations"): Scope.ADMIN_WRITE,
    ("GET", "/audit"): Scope.ADMIN_READ,
    ("GET", "/admin/dlq"): Scope.ADMIN_READ,
    ("POST", "/admin/dlq/redrive"): Scope.ADMIN_WRITE,
    ("POST", "/admin/index/rebuild"): Scope.ADMIN_WRITE,
    ("GET", "/models"): Scope.JOBS_READ,
    ("POST", "/estimates"): Scope.JOBS_READ,
    ("GET", "/usage"): Scope.JOBS_READ,
    ("POST", "/jobs"): Scope.JOBS_WRITE,
    ("POST", "/jobs/batch"): Scope.JOBS_WRITE,
    ("GET", "/jobs"): Scope.JOBS_READ,
    ("GET", "/jobs/{job_id}"): Scope.JOBS_READ,
    ("PATCH", "/jobs/{job_id}"): Scope.JOBS_WRITE,
    ("DELETE", "/jobs/{job_id}"): Scope.JOBS_WRITE,
    ("POST", "/jobs/{job_id}/cancel"): Scope.JOBS_WRITE,
    ("POST", "/jobs/{job_id}/retry"): Scope.JOBS_WRITE,
    ("GET", "/jobs/{job_id}/transcript"): Scope.JOBS_READ,
    ("GET", "/jobs/{job_id}/segments"): Scope.JOBS_READ,
    ("GET", "/jobs/{job_id}/versions"): Scope.JOBS_READ,
    ("GET", "/search"): Scope.JOBS_READ,
    ("GET", "/jobs/{job_id}/diff"): Scope.JOBS_READ,
    ("POST", "/jobs/{job_id}/edits"): Scope.JOBS_WRITE,
    ("POST", "/jobs/{job_id}/revert"): Scope.JOBS_WRITE,
    ("GET", "/jobs/{job_id}/recording"): Scope.JOBS_READ,
    ("POST", "/audio/transcriptions"): Scope.JOBS_WRITE,
    ("POST", "/audio/translations"): Scope.JOBS_WRITE,
    ("POST", "/webhooks"): Scope.WEBHOOKS,
    ("GET", "/webhooks"): Scope.WEBHOOKS,
    ("GET", "/webhooks/{webhook_id}"): Scope.WEBHOOKS,
    ("DELETE", "/webhooks/{webhook_id}"): Scope.WEBHOOKS,
    ("POST", "/webhooks/{webhook_id}/secret"): Scope.WEBHOOKS,
    ("POST", "/webhooks/{webhook_id}/resume"): Scope.WEBHOOKS,
    ("POST", "/webhooks/{webhook_id}/test"): Scope.WEBHOOKS,
    ("GET", "/webhooks/{webhook_id}/deliveries"): Scope.WEBHOOKS,
    ("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"): Scope.WEBHOOKS,
    ("POST", "/jobs/{job_id}/upload/parts"): Scope.JOBS_WRITE,
    ("GET", "/jobs/{job_id}/upload/parts"): Scope.JOBS_WRITE,
    ("POST", "/jobs/{job_id}/upload/complete"): Scope.JOBS_WRITE,
    ("DELETE", "/jobs/{job_id}/upload"): Scope.JOBS_WRITE,
}


def require_scope(principal: Principal, method: str, resource: str) -> None:
    """Raise Forbidden unless `principal` holds the route's scope (`resource` is the path with its placeholders)."""
    needed = ROUTE_SCOPES.get((method, resource))
    if needed is None:
        raise Forbidden(f"{method} {resource}: expected a route with a stated scope, found none")
    if needed not in principal.scopes:
        raise Forbidden(
            f"{method} {resource}: expected the scope {needed}, found {' '.join(sorted(principal.scopes)) or 'none'}"
        )
