"""Put the end of every job on the operator's event bus."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sotto.domain.outbox import OutboxEvent
from sotto.domain.webhooks import Delivery
from sotto.workflows.webhook_ports import EventBus


@dataclass(frozen=True)
class PublishJobEnds:
    """Implements workflows.webhook_ports.Channel. The bus belongs to the operator, so the owner is named there."""

    bus: EventBus

    def wants(self, event: OutboxEvent) -> bool:
        del event
        return True

    def send(self, delivery: Delivery) -> None:
        message = json.loads(delivery.body)
        self.bus.publish(delivery.type, {"id": delivery.event_id, "owner": delivery.owner, **message})
