"""Webhooks: who is told what, how a message is signed, when a failed one is sent again.

The signature is Standard Webhooks' (https://www.standardwebhooks.com), so receivers use a ready-made verifier.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with
MAX_URL_LENGTH = 2000
MAX_WEBHOOKS = 10
OVERLAP = timedelta(hours=24)
"""After a new secret was made, messages are signed with the old one too, for so long."""
PAUSE_AFTER = timedelta(hours=24)
"""An endpoint that has answered nothing well for so long is paused."""
WAITS_S = (30, 120, 600, 1800, 3600, 7200, 14400, 28800, 36000)
"""Seconds before each try after the first: ten tries within 26 to 29 hours."""
JITTER = 0.1
"""A wait is longer by up to this share, so that what failed together does not come again together."""


@dataclass(frozen=True)
class Secret:
    """`value` is whsec_ and base64; `until` is when it stops signing, None for the present one."""

    value: str
    until: str | None = None


class Pause(StrEnum):
    """Why an endpoint is paused."""

    FAILING = "failing"  # nothing answered well for a day
    GONE = "gone"  # the receiver answered 410


@dataclass(frozen=True)
class Webhook:
    """One endpoint of one user. `events` are the types it wants. Times are ISO 8601 UTC."""

    owner: str
    id: str
    url: str
    description: str
    events: frozenset[str]
    secrets: tuple[Secret, ...]
    created_at: str
    failing_since: str | None = None
    paused: Pause | None = None


@dataclass(frozen=True)
class Sent:
    """The receiver's HTTP status, or a word that says why there was none."""

    status: int | None
    error: str | None
    duration_s: float

    @property
    def well(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"  # every try was used up, or the receiver is gone
    HELD = "held"  # the endpoint was paused; redeliver sends it


@dataclass(frozen=True)
class Attempt:
    """One try: the receiver's HTTP status, or why there was none."""

    at: str
    status: int | None
    error: str | None
    duration_s: float


@dataclass(frozen=True)
class Delivery:
    """One message to one endpoint. `body` is kept as sent. `due_at` is when it is tried next."""

    owner: str
    webhook_id: str
    id: str
    event_id: str
    type: str
    body: str
    created_at: str
    status: DeliveryStatus
    due_at: str | None
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class DeliveryPage:
    """Deliveries, newest first; `cursor` asks for the next page and is None at the end."""

    deliveries: tuple[Delivery, ...]
    cursor: str | None


def message(event_type: str, occurred_at: str, data: dict[str, Any]) -> str:
    """The body of a message, in Standard Webhooks' form."""
    return json.dumps({"type": event_type, "timestamp": occurred_at, "data": data}, separators=(",", ":"))


def new_secret(random: bytes) -> Secret:
    """A secret of 24 to 64 random bytes."""
    return Secret(SECRET_PREFIX + base64.b64encode(random).decode())


def rotated(secrets: Sequence[Secret], fresh: Secret, *, old_until: str) -> tuple[Secret, ...]:
    """The secrets after a rotation: the present one signs until `old_until`, older ones stop now."""
    present = next(one for one in secrets if one.until is None)
    return fresh, replace(present, until=old_until)


def signature_headers(secrets: Sequence[Secret], message_id: str, moment: datetime, body: str) -> dict[str, str]:
    """The three headers of Standard Webhooks, signed with every secret that is alive at `moment`."""
    timestamp = str(int(moment.timestamp()))
    signed = f"{message_id}.{timestamp}.{body}".encode()
    alive = [one for one in secrets if one.until is None or datetime.fromisoformat(one.until) > moment]
    marks = [_mark(one, signed) for one in alive]
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(marks)}


def wait_s(tries: int, chance: float) -> float | None:
    """Seconds until the next try after `tries` failed ones, None when there is none. `chance` is 0 to 1, drawn."""
    if tries > len(WAITS_S):
        return None
    return WAITS_S[tries - 1] * (1 + JITTER * chance)


def _mark(secret: Secret, signed: bytes) -> str:
    key = base64.b64decode(secret.value.removeprefix(SECRET_PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
