"""`sotto admin reindex`: the search index, made again from the transcripts."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from sotto.cli import arguments, terminal
from sotto.cli.exits import Exit
from sotto.client.search_index import Rebuild
from sotto.client.sotto import Sotto


def register(commands: arguments.Subparsers) -> None:
    reindex = arguments.command(
        commands,
        "reindex",
        "have transcripts indexed again that search does not find, or finds as they were",
        "admin reindex --dry-run",
        "admin reindex --user 01K... --whole",
    )
    reindex.add_argument("--user", metavar="ID", help="of this user (default: of everybody)")
    reindex.add_argument("--whole", action="store_true", help="all of them, not only those whose index is behind")
    reindex.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")
    reindex.set_defaults(run=rebuild)
    arguments.add_json(reindex)


def rebuild(given: argparse.Namespace) -> int:
    looked_at, found = 0, list[dict[str, str]]()
    with arguments.connect(given) as client:
        for owner in [given.user] if given.user else [user.id for user in client.list_users()]:
            for page in _pages(client, owner, given):
                looked_at += page.looked_at
                for job_id in page.job_ids:
                    found.append({"owner": owner, "job_id": job_id})
                    if not given.json:
                        terminal.write(f"{owner}  {job_id}")
    if given.json:
        arguments.print_json({"dry_run": given.dry_run, "looked_at": looked_at, "jobs": found})
    said = "would be indexed" if given.dry_run else "are indexed again, in some seconds"
    terminal.messages().print(f"{len(found)} of {looked_at} jobs {said}")
    return Exit.OK


def _pages(client: Sotto, owner: str, given: argparse.Namespace) -> Iterator[Rebuild]:
    cursor = None
    while True:
        page = client.rebuild_index(owner, whole=given.whole, dry_run=given.dry_run, cursor=cursor)
        yield page
        if (cursor := page.next_cursor) is None:
            return
