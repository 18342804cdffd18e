"""`sotto admin dlq list|redrive`: messages that were given up."""

from __future__ import annotations

import argparse

from sotto.cli import arguments, terminal
from sotto.cli.exits import Exit
from sotto.client.dead_letters import Letter


def register(subparsers: arguments.Subparsers) -> None:
    commands = arguments.group(subparsers, "dlq", "messages that were given up")
    listing = arguments.command(
        commands,
        "list",
        "the dead-letter queues, and what was given up, newest first",
        "admin dlq list --code model_unavailable",
    )
    arguments.add_limit(listing)
    listing.set_defaults(run=list_letters)
    redrive = arguments.command(
        commands,
        "redrive",
        "try again what was given up",
        "admin dlq redrive --code model_unavailable --dry-run",
        "admin dlq redrive --job 01K...",
    )
    redrive.add_argument("--limit", type=int, default=20, help="how many at most, 1 to 50 (default 20)")
    redrive.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")
    redrive.set_defaults(run=redrive_letters)
    for one in (listing, redrive):
        one.add_argument("--queue", help="of this queue")
        one.add_argument("--code", help="that failed with this code")
        one.add_argument("--owner", metavar="USER", help="of this user's jobs")
        one.add_argument("--job", metavar="ID", help="of this job")
        arguments.add_json(one)


def list_letters(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        queues = client.list_dead_letter_queues()
        found = client.list_dead_letters(queue=given.queue, code=given.code, owner=given.owner, job_id=given.job)
        page = arguments.first(found, given.limit)
    for queue in [] if given.json else queues:
        terminal.messages().print(f"{queue.name}: {queue.waiting} waiting, {queue.in_flight} in flight")
    arguments.print_page(given, "letters", page, map(_line, page.items))
    return Exit.OK


def _line(letter: Letter) -> str:
    where = "intake" if letter.part is None else f"part {letter.part}"
    return f"{letter.died_at}  {letter.queue}  {letter.job_id}  {where:<8}  {letter.failure.code}"


def redrive_letters(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        done = client.redrive(
            queue=given.queue,
            code=given.code,
            owner=given.owner,
            job_id=given.job,
            limit=given.limit,
            dry_run=given.dry_run,
        )
    if given.json:
        arguments.print_json(done)
        return Exit.OK
    for letter in done.letters:
        terminal.write(f"{letter.job_id}  {letter.outcome}")
    return Exit.OK
