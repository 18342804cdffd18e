"""`sotto webhooks ...`: who is told how jobs end."""

from __future__ import annotations

import argparse

from sotto.cli import arguments, terminal
from sotto.cli.exits import Exit
from sotto.client.webhooks import Delivery, Webhook, WebhookSecret


def register(subparsers: arguments.Subparsers) -> None:
    commands = arguments.group(subparsers, "webhooks", "who is told how jobs end")
    create = arguments.command(
        commands,
        "create",
        "add an endpoint and print its secret; it is shown this once",
        "webhooks create https://hooks.example.org/sotto --event job.completed --event job.failed",
    )
    create.add_argument("url", metavar="URL")
    create.add_argument(
        "--event", action="append", default=[], help="a type that it wants, again for more (default: all)"
    )
    create.add_argument("--description", default="", help="for people")
    create.set_defaults(run=create_webhook)
    listing = arguments.command(commands, "list", "your endpoints, and how they fare", "webhooks list --json")
    listing.set_defaults(run=list_webhooks)
    secret = arguments.command(
        commands, "secret", "a new secret; for a day messages are signed with both", "webhooks secret 01K..."
    )
    secret.set_defaults(run=rotate_secret)
    delete = arguments.command(commands, "delete", "remove an endpoint and its log", "webhooks delete 01K...")
    delete.set_defaults(run=delete_webhook)
    resume = arguments.command(commands, "resume", "send again to a paused endpoint", "webhooks resume 01K...")
    resume.set_defaults(run=resume_webhook)
    test = arguments.command(commands, "test", "send an event that means nothing", "webhooks test 01K...")
    test.set_defaults(run=test_webhook)
    deliveries = arguments.command(
        commands, "deliveries", "what was sent, newest first", "webhooks deliveries 01K... --limit 5"
    )
    arguments.add_limit(deliveries)
    deliveries.set_defaults(run=list_deliveries)
    redeliver = arguments.command(commands, "redeliver", "send a message again", "webhooks redeliver 01K... 01L...")
    redeliver.set_defaults(run=redeliver_message)
    for one in (secret, delete, resume, test, deliveries, redeliver):
        one.add_argument("id", metavar="ID")
    redeliver.add_argument("delivery", metavar="DELIVERY")
    for one in (create, listing, secret, deliveries):
        arguments.add_json(one)


def create_webhook(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        return _tell_secret(given, client.create_webhook(given.url, given.event, given.description))


def rotate_secret(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        return _tell_secret(given, client.rotate_webhook_secret(given.id))


def _tell_secret(given: argparse.Namespace, made: WebhookSecret) -> int:
    if given.json:
        arguments.print_json(made)
    else:
        terminal.write(made.secret)
        terminal.messages().print(f"webhook {made.webhook.id}; its secret is shown this once")
    return Exit.OK


def list_webhooks(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        found = client.list_webhooks()
    if given.json:
        arguments.print_json({"webhooks": found})
        return Exit.OK
    for webhook in found:
        terminal.write(f"{webhook.id}  {_state(webhook):<24}  {webhook.url}  {','.join(webhook.events)}")
    return Exit.OK


def _state(webhook: Webhook) -> str:
    if webhook.paused:
        return f"paused ({webhook.paused})"
    return f"failing since {webhook.failing_since}" if webhook.failing_since else "well"


def delete_webhook(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        client.delete_webhook(given.id)
    terminal.messages().print(f"deleted {given.id}")
    return Exit.OK


def resume_webhook(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        client.resume_webhook(given.id)
    terminal.messages().print(f"resumed {given.id}")
    return Exit.OK


def test_webhook(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        return _tell(client.test_webhook(given.id))


def redeliver_message(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        return _tell(client.redeliver(given.id, given.delivery))


def _tell(sent: Delivery) -> int:
    terminal.messages().print(f"delivery {sent.id} is {sent.status}")
    return Exit.OK


def list_deliveries(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        page = arguments.first(client.list_deliveries(given.id), given.limit)
    arguments.print_page(given, "deliveries", page, map(_line, page.items))
    return Exit.OK


def _line(delivery: Delivery) -> str:
    last = delivery.attempts[-1] if delivery.attempts else None
    answer = (last.error or last.status) if last else "not tried"
    return f"{delivery.id}  {delivery.created_at}  {delivery.type:<14}  {delivery.status:<9}  {answer}"
