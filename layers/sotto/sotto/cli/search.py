"""`sotto search WORDS`: find what was said in one's own transcripts."""

from __future__ import annotations

import argparse

from sotto.cli import arguments, terminal
from sotto.cli.exits import Exit
from sotto.client.transcripts import Hit


def register(subparsers: arguments.Subparsers) -> None:
    parser = arguments.command(
        subparsers,
        "search",
        "find what was said in your transcripts",
        "search budget town",
        "search '\"the budget\" coun*' --from 2026-11-01 --language en",
    )
    parser.add_argument("words", nargs="+", metavar="WORD", help='all of them; "a phrase"; begin* for a beginning')
    parser.add_argument("--model", help="transcribed with this model")
    parser.add_argument("--language", help="spoken in this language")
    arguments.add_days(parser)
    arguments.add_limit(parser)
    arguments.add_json(parser)
    parser.set_defaults(run=search)


def search(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        found = client.search(
            " ".join(given.words),
            model=given.model,
            language=given.language,
            first_day=given.first_day,
            last_day=given.last_day,
        )
        page = arguments.first(found, given.limit)
    arguments.print_page(given, "hits", page, map(_line, page.items))
    return Exit.OK


def _line(hit: Hit) -> str:
    return f"{hit.job_id}  {terminal.clock(hit.at):>8}  {hit.name}: {hit.snippet}"
