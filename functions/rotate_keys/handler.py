"""Rotate the signing keys: by schedule, or by command; after a leak with `{"leaked": true}`, which ends all tokens."""

from typing import Any

from sotto.domain.audit import Origin
from sotto.entry import identity_wiring as wiring
from sotto.entry.telemetry import make_logger

logger = make_logger("rotate_keys")


def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """The new key's public half. An error reaches Lambda, which tries again and then alarms."""
    by_schedule = event.get("source") == "aws.events" or event.get("source") == "schedule"
    leaked = event.get("leaked") is True
    origin = Origin("schedule" if by_schedule else "command", str(getattr(context, "aws_request_id", "unknown")))
    public = wiring.rotate_keys()(leaked=leaked, origin=origin, by="schedule" if by_schedule else "operator")
    logger.info("rotated", leaked=leaked)
    return {"public_key": public}
