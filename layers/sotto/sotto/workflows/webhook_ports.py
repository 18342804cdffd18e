"""What webhooks need of the outside world. Every method may raise Unavailable; other errors are named below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sotto.domain.outbox import OutboxEvent
from sotto.domain.webhooks import Attempt, Delivery, DeliveryPage, DeliveryStatus, Pause, Secret, Sent, Webhook


class Webhooks(Protocol):
    """The endpoints of each user."""

    def add(self, webhook: Webhook) -> None: ...

    def get(self, owner: str, webhook_id: str) -> Webhook:
        """Raises NotFound."""
        ...

    def all(self, owner: str) -> Sequence[Webhook]:
        """Every endpoint of `owner`, oldest first."""
        ...

    def delete(self, owner: str, webhook_id: str) -> None: ...

    def replace_secrets(self, webhook: Webhook, secrets: Sequence[Secret]) -> Webhook:
        """Raises WrongState when the secrets are no longer `webhook`'s, NotFound when it is gone."""
        ...

    def note_failure(self, webhook: Webhook, now: str) -> str:
        """Since when the endpoint has been failing: `now`, unless it was failing already."""
        ...

    def note_success(self, webhook: Webhook) -> None: ...

    def pause(self, webhook: Webhook, reason: Pause) -> None: ...

    def resume(self, webhook: Webhook) -> Webhook:
        """Raises NotFound."""
        ...


class Deliveries(Protocol):
    """Messages to endpoints, and what became of them. Rows go by themselves after 30 days."""

    def add(self, delivery: Delivery) -> bool:
        """Store it, and have it tried at `due_at`. False when it is there already."""
        ...

    def get(self, owner: str, webhook_id: str, delivery_id: str) -> Delivery:
        """Raises NotFound."""
        ...

    def begin(self, delivery: Delivery, *, lease_until: str) -> Delivery | None:
        """Take the try that is due, so that nobody else makes it before `lease_until`. None when it was taken."""
        ...

    def end(self, delivery: Delivery, status: DeliveryStatus, *, attempt: Attempt | None, due_at: str | None) -> None:
        """Note how a try ended. Nothing happens when the lease ran out and another one took it."""
        ...

    def page(self, owner: str, webhook_id: str, *, limit: int, cursor: str | None) -> DeliveryPage: ...

    def delete_all(self, owner: str, webhook_id: str) -> None: ...


class Outbox(Protocol):
    """Events that wait to be told, written with the change that they are about."""

    def get(self, owner: str, event_id: str) -> OutboxEvent | None:
        """The event, if nobody has dealt with it."""
        ...

    def settle(self, event: OutboxEvent) -> None:
        """It was handed to every endpoint that wants it."""
        ...

    def due(self, now: str, *, limit: int) -> Sequence[OutboxEvent | Delivery]:
        """What should have been done by `now`, oldest first: the safety net below the table's stream."""
        ...


class Channel(Protocol):
    """A way to be told besides webhooks. Its deliveries are stored under its name in the place of a webhook's id."""

    def wants(self, event: OutboxEvent) -> bool:
        """Whether somebody there is to be told of `event`."""
        ...

    def send(self, delivery: Delivery) -> None:
        """Tell it. Raises Unavailable when a later try may do better, Rejected when none will."""
        ...


class EventBus(Protocol):
    def publish(self, event_type: str, detail: Mapping[str, Any]) -> None:
        """Put an event on the bus; `detail["timestamp"]` is when it happened. Raises EventBusUnavailable."""
        ...


class Sender(Protocol):
    """The way out. Guards against addresses that are not the internet's."""

    def check(self, url: str) -> None:
        """Raises InvalidInput when `url` does not lead to the internet now."""
        ...

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        """Never raises: what goes wrong is an answer."""
        ...
