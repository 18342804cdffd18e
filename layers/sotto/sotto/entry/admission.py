"""The token bucket of each caller, wired once a process. Handlers hand `admit` to their Api."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from sotto.adapters.dynamo_limits import DynamoBuckets
from sotto.domain.identity import Principal
from sotto.domain.rate import Rate
from sotto.entry import aws
from sotto.entry.settings import AdmissionSettings
from sotto.workflows.admit_request import AdmitRequest


def admit(principal: Principal) -> None:
    """Raises LimitReached, whose answer is 429 with Retry-After."""
    _admission()(principal)


@cache
def _admission() -> AdmitRequest:
    settings = AdmissionSettings.from_environment()
    rate = Rate(settings.requests_per_minute, settings.request_burst)
    return AdmitRequest(DynamoBuckets(aws.dynamodb(), settings.table), lambda: datetime.now(UTC), rate)
