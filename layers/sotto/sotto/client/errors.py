"""What can go wrong, as one tree. The branch says whether the same call may succeed later.

    ServiceError
    |-- Refused             the service said no: the same call will be refused again
    |   |-- Unauthenticated 401 no, expired or wrong token or key
    |   |-- Forbidden       403 this account or key may not do that
    |   |-- NotFound        404 no such thing, or somebody else's
    |   |-- Conflict        409 the state of things does not allow it; `code` says which
    |   `-- LimitReached    429 a quota or rate limit; `retry_after_s` says how long
    |-- Unavailable         no answer, or 5xx: tried again already, may succeed later
    |-- JobEnded            the job is final and has no transcript; `job` says why
    `-- Interrupted         `interrupt()` was called

`code` is the stable one of docs/api/errors.md, `hint` the next step, `request_id` what to report.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

import httpx


class ServiceError(Exception):
    """Base of the tree. `status` is the HTTP status, None when there was no answer."""

    default_code: ClassVar[str] = "service_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str = "",
        request_id: str = "",
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint
        self.request_id = request_id
        self.status = status
        self.retry_after_s = retry_after_s


class Refused(ServiceError):
    default_code = "rejected"


class Unauthenticated(Refused):
    default_code = "unauthenticated"


class Forbidden(Refused):
    default_code = "forbidden"


class NotFound(Refused):
    default_code = "not_found"


class Conflict(Refused):
    default_code = "wrong_state"


class LimitReached(Refused):
    default_code = "limit_reached"


class Unavailable(ServiceError):
    default_code = "unavailable"


class JobEnded(ServiceError):
    """Raised where a transcript was wanted. `job_id` names the job, `status_of_job` is FAILED, CANCELLED or EXPIRED."""

    default_code = "job_ended"

    def __init__(self, message: str, *, code: str, hint: str, request_id: str, job_id: str, job_status: str) -> None:
        super().__init__(message, code=code, hint=hint, request_id=request_id)
        self.job_id = job_id
        self.job_status = job_status


class Interrupted(ServiceError):
    default_code = "interrupted"


_BY_STATUS: dict[int, type[Refused]] = {
    HTTPStatus.UNAUTHORIZED: Unauthenticated,
    HTTPStatus.FORBIDDEN: Forbidden,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.TOO_MANY_REQUESTS: LimitReached,
}


def error_of(answer: httpx.Response) -> ServiceError:
    """The error that an answer of 400 or more is. An answer that is no problem document is told as such."""
    status, asked = answer.status_code, answer.headers.get("retry-after", "")
    server = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind: type[ServiceError] = Unavailable if server else _BY_STATUS.get(status, Refused)
    retry_after_s = float(asked) if asked.isdecimal() else None
    request_id = answer.headers.get("x-request-id") or answer.headers.get("x-amzn-requestid", "")
    try:
        problem = answer.json()
        return kind(
            str(problem["detail"]),
            code=str(problem["code"]),
            hint=str(problem.get("hint", "")),
            request_id=str(problem.get("request_id") or request_id),
            status=status,
            retry_after_s=retry_after_s,
        )
    except (ValueError, KeyError, TypeError):
        return kind(
            f"expected an answer of the Sotto API, found status {status}",
            request_id=request_id,
            status=status,
            retry_after_s=retry_after_s,
        )


def unreachable(address: str, error: Exception) -> Unavailable:
    return Unavailable(
        f"{address}: expected an answer, found {type(error).__name__}",
        hint="Check the address and the network; on this machine start the service with `sotto up --detach`.",
    )
