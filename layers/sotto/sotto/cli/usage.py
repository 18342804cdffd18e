"""`sotto usage` and `sotto estimate`: what work took, and what it will probably take."""

from __future__ import annotations

import argparse

from sotto.cli import arguments, terminal
from sotto.cli.exits import Exit
from sotto.client.usage import Usage


def register(subparsers: arguments.Subparsers) -> None:
    usage = arguments.command(
        subparsers, "usage", "your measured work of a month, by day and key", "usage --month 2026-11"
    )
    usage.add_argument("--month", metavar="MONTH", help="UTC, such as 2026-11 (default: the present one)")
    usage.set_defaults(run=show_usage)
    estimate = arguments.command(
        subparsers, "estimate", "what a recording will probably take", "estimate 3600 --model large-v3"
    )
    estimate.add_argument("seconds", type=float, metavar="SECONDS", help="length of the recording")
    estimate.add_argument("--model", help="default: the service's choice")
    estimate.set_defaults(run=show_estimate)
    for one in (usage, estimate):
        arguments.add_json(one)


def register_admin(commands: arguments.Subparsers) -> None:
    """`sotto admin usage`: the same of any account."""
    usage = arguments.command(
        commands, "usage", "an account's measured work of a month, by day and key", "admin usage 01K... --month 2026-11"
    )
    usage.add_argument("id", metavar="ID")
    usage.add_argument("--month", metavar="MONTH", help="UTC, such as 2026-11 (default: the present one)")
    usage.set_defaults(run=show_user_usage)
    arguments.add_json(usage)


def show_usage(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        found = client.get_usage(given.month)
    return _show(given, found)


def show_user_usage(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        found = client.get_user_usage(given.id, given.month)
    return _show(given, found)


def _show(given: argparse.Namespace, found: Usage) -> int:
    if given.json:
        arguments.print_json(found)
        return Exit.OK
    for day in found.days:
        terminal.write(_line(day.day, day.audio_s, day.engine_s, day.cost, day.credential))
    terminal.write(_line(f"{found.month}   ", found.audio_s, found.engine_s, found.cost, "all"))
    return Exit.OK


def _line(when: str, audio_s: float, engine_s: float, cost: float | None, whose: str) -> str:
    price = "" if cost is None else f"  cost {cost:.2f}"
    return f"{when}  {terminal.clock(audio_s):>9} of audio  {engine_s:>9.1f} s of work{price}  {whose}"


def show_estimate(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        found = client.estimate(given.seconds, given.model)
    if given.json:
        arguments.print_json(found)
    elif found.engine_s is None:
        terminal.write(f"{found.model}: not known before something was transcribed with it")
    else:
        terminal.write(_line(found.model, found.duration_s, found.engine_s, found.cost, "").rstrip())
    return Exit.OK
