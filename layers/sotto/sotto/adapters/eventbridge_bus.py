"""Events on an Amazon EventBridge bus, from the source `sotto`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sotto.adapters.aws_errors import translated
from sotto.domain.errors import EventBusUnavailable

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "sotto"


class EventBridgeBus:
    """Implements workflows.webhook_ports.EventBus."""

    def __init__(self, client: EventBridgeClient, bus: str) -> None:
        self._client, self._bus = client, bus

    def publish(self, event_type: str, detail: Mapping[str, Any]) -> None:
        with translated(EventBusUnavailable, "event bus"):
            answer = self._client.put_events(
                Entries=[
                    {
                        "EventBusName": self._bus,
                        "Source": SOURCE,
                        "DetailType": event_type,
                        "Detail": json.dumps(detail),
                        "Time": datetime.fromisoformat(detail["timestamp"]),
                    }
                ]
            )
        if answer["FailedEntryCount"]:  # the call itself succeeds even then
            code = answer["Entries"][0].get("ErrorCode", "no reason")
            raise EventBusUnavailable(f"event bus: expected the event taken, found {code}")
