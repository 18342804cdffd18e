"""Arguments that many commands share, so that they mean the same everywhere."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import Any, Protocol

from sotto.cli import session, terminal
from sotto.client import Sotto
from sotto.client.answers import Answer, Model, Page
from sotto.client.jobs import Options
from sotto.client.operation import Found

OPTIONS = tuple(Options.__annotations__)


class Subparsers(Protocol):
    """What argparse's own private class offers for adding a command."""

    def add_parser(self, name: str, **settings: Any) -> argparse.ArgumentParser: ...


def command(subparsers: Subparsers, name: str, says: str, example: str, *more: str) -> argparse.ArgumentParser:
    """A command that calls a service. Its help ends with the examples."""
    shown = "\n".join(f"  sotto {one}" for one in (example, *more))
    parser = subparsers.add_parser(
        name,
        help=says,
        description=says[0].upper() + says[1:] + ".",
        epilog=f"examples:\n{shown}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    caller = parser.add_argument_group("whom to ask")
    caller.add_argument(
        "--service", metavar="URL", help="service to use (default: this machine's, else the last login)"
    )
    caller.add_argument(
        "--key", metavar="KEY", help="API key to call with; SOTTO_API_KEY keeps it out of the list of processes"
    )
    return parser


def group(subparsers: Subparsers, name: str, says: str) -> Subparsers:
    """A command that has commands of its own."""
    parser = subparsers.add_parser(name, help=says, description=says[0].upper() + says[1:] + ".")
    return parser.add_subparsers(required=True, metavar="COMMAND")


def connect(given: argparse.Namespace) -> Sotto:
    return session.connect(given.service, given.key)


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the API's own answer")


def add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=20, help="how many at most, 1 to 100 (default 20)")


def add_days(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="first_day", metavar="DAY", help="made on this day (UTC) or later: 2026-11-22")
    parser.add_argument("--to", dest="last_day", metavar="DAY", help="made on this day or earlier")


def print_json(answer: Answer | list[Any] | dict[str, Any]) -> None:
    """What the service said, for programs."""
    terminal.write(json.dumps(_plain(answer), ensure_ascii=False, indent=1))


def first(found: Found[Model], limit: int) -> Page[Model]:
    """The first `limit` of a list. A page of the API may hold fewer than it could: it looks at so many at a time."""
    items: list[Model] = []
    cursor: str | None = None
    while True:
        page = found.page(limit=limit - len(items), cursor=cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None or len(items) >= limit:
            return Page(items, cursor)


def print_page(given: argparse.Namespace, name: str, page: Page[Any], lines: Iterable[str]) -> None:
    """A page of a list: one line each, or as JSON under the name that the API gives it."""
    if given.json:
        print_json({name: list(page.items), "next_cursor": page.next_cursor})
        return
    for line in lines:
        terminal.write(line)
    if page.next_cursor:
        terminal.messages().print(f"[dim]there are more; {len(page.items)} are shown (--limit)[/]")


def _plain(value: Any) -> Any:
    if isinstance(value, Answer):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may be asked of the engine, under the API's names; what is not named is the service's choice."""
    wanted = parser.add_argument_group("what to transcribe, and how")
    wanted.add_argument("--model", help="one of the service's models (default: the service's choice)")
    wanted.add_argument("--language", help="language that is spoken, such as en or de (default: detected)")
    wanted.add_argument("--task", choices=("transcribe", "translate"), help="translate means: into English")
    wanted.add_argument("--prompt", help="text that sets style and spelling")
    wanted.add_argument("--hotwords", metavar="TEXT", help="names and terms, kept over the whole recording")
    wanted.add_argument("--beam-size", type=int, metavar="N", help="1 to 10; more is slower and a little better")
    wanted.add_argument("--temperature", type=float, metavar="T", help="0 to 1; 0 always takes the likeliest word")
    wanted.add_argument("--word-times", action=argparse.BooleanOptionalAction, help="a time for each word")
    wanted.add_argument("--voice-activity", action=argparse.BooleanOptionalAction, help="skip silence")
    wanted.add_argument("--voice-activity-threshold", type=float, metavar="P", help="0 to 1; what counts as speech")
    wanted.add_argument(
        "--voice-activity-min-silence-s", type=float, metavar="SECONDS", help="shorter silences are kept"
    )
    wanted.add_argument(
        "--speakers", action=argparse.BooleanOptionalAction, help="say who says what, where the service can"
    )
    wanted.add_argument("--max-speakers", type=int, metavar="N", help="how many people speak at most, if you know it")


def options_of(given: argparse.Namespace) -> Options:
    """The options that were named."""
    named = {name: getattr(given, name) for name in OPTIONS}
    chosen: Options = {name: value for name, value in named.items() if value is not None}  # type: ignore[assignment]
    return chosen
