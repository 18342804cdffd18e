"""The `sotto` command. Its own commands use the public API only; others come in as plug-ins.

A plug-in is an entry point of the group `sotto.commands`: a function that takes argparse's subparsers, adds its
commands, and sets `run` to a function from the parsed arguments to an exit status. That is how `sotto up` (which needs
a checkout) and `sotto speech` (which needs the engine) get here without this package importing them; where their
packages are not installed they are simply not there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points

import sotto
from sotto.cli import admin, completion, jobs, keys, login, receipts, search, transcribe, transcripts, usage, webhooks
from sotto.cli.exits import MEANINGS, Exit, exit_of, unusable
from sotto.client import ServiceError
from sotto.domain.errors import SottoError

PLUGINS = "sotto.commands"


def build_parser() -> argparse.ArgumentParser:
    statuses = "\n".join(f"  {int(status):>3}  {meaning}" for status, meaning in MEANINGS.items())
    parser = argparse.ArgumentParser(
        prog="sotto",
        description="Transcribe recordings with a Sotto service, on this machine or elsewhere.",
        epilog=f"exit status:\n{statuses}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sotto {sotto.__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (transcribe, jobs, transcripts, search, webhooks, usage, keys, receipts, admin, login):
        command.register(subparsers)
    completion.register(subparsers, parser)
    for plugin in entry_points(group=PLUGINS):
        try:
            register = plugin.load()
        except ModuleNotFoundError as missing:
            _note_missing(plugin, missing)
        else:
            register(subparsers)
    return parser


def _note_missing(plugin: EntryPoint, missing: ModuleNotFoundError) -> None:
    """Silent when the plug-in's own package is left out of this installation; else a library is missing: say which."""
    if missing.name is None or not f"{plugin.module}.".startswith(f"{missing.name}."):
        sys.stderr.write(f"the commands of {plugin.module} need {missing.name}: pip install 'sotto[local]'\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. argparse itself exits with 2 for a command that it cannot read."""
    given = build_parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except (SottoError, ServiceError) as error:
        from sotto.cli import terminal

        terminal.complain(error)
        return int(exit_of(error))
    except KeyboardInterrupt:
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:  # `sotto ... | head`
        sys.stderr.close()
        return int(Exit.OK)
    except OSError as error:
        from sotto.cli import terminal

        if error.filename is None:
            with suppress(OSError):
                sys.stdout.close()  # what could not be written is not tried again when Python leaves
        terminal.complain(unusable(error))
        return int(exit_of(unusable(error)))


if __name__ == "__main__":
    sys.exit(main())
