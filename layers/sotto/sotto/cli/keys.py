"""`sotto keys ...`: API keys for programs."""

from __future__ import annotations

import argparse

from sotto.cli import arguments, terminal
from sotto.cli.exits import Exit


def register(subparsers: arguments.Subparsers) -> None:
    commands = arguments.group(subparsers, "keys", "API keys for programs")
    listing = arguments.command(commands, "list", "your keys, without their secrets", "keys list --json")
    arguments.add_json(listing)
    listing.set_defaults(run=list_keys)
    create = arguments.command(
        commands,
        "create",
        "make a key and print it; it is shown this once",
        "keys create nightly --scope jobs:read --scope jobs:write --days 90",
    )
    create.add_argument("name", metavar="NAME", help="what it is for")
    create.add_argument(
        "--scope",
        action="append",
        metavar="SCOPE",
        help="what it may do, again for more (default: jobs:read jobs:write)",
    )
    create.add_argument("--days", type=int, metavar="N", help="days until it ends (default: never)")
    arguments.add_json(create)
    create.set_defaults(run=create_key)
    revoke = arguments.command(commands, "revoke", "end a key, within a minute", "keys revoke 0a1b2c3d4e")
    revoke.add_argument("id", metavar="ID")
    revoke.set_defaults(run=revoke_key)


def list_keys(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        keys = client.list_keys()
    if given.json:
        arguments.print_json({"keys": keys})
        return Exit.OK
    for key in keys:
        ends, used = key.expires_at or "never ends", key.last_used_at or "never used"
        terminal.write(f"{key.id}  {key.prefix}  {ends:<24}  {used:<24}  {','.join(key.scopes)}  {key.name}")
    return Exit.OK


def create_key(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        made = client.create_key(given.name, given.scope or ["jobs:read", "jobs:write"], given.days)
    if given.json:
        arguments.print_json(made)
    else:
        terminal.write(made.secret)
        terminal.messages().print(f"key {made.key.id}; it is shown this once")
    return Exit.OK


def revoke_key(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        client.revoke_key(given.id)
    terminal.messages().print(f"revoked {given.id}")
    return Exit.OK
