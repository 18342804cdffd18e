"""The table's stream, and a schedule: tell webhooks what happened."""

from typing import Any

from sotto.entry import webhook_wiring


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return webhook_wiring.outbox_door()(event, context)
