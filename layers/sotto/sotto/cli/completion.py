"""`sotto completion SHELL`: what the shell needs to complete commands, options and file names."""

from __future__ import annotations

import argparse

from sotto.cli import terminal
from sotto.cli.arguments import Subparsers
from sotto.cli.exits import Exit

SHELLS = ("bash", "zsh", "tcsh")
EXAMPLES = """examples:
  sotto completion bash > ~/.local/share/bash-completion/completions/sotto
  sotto completion zsh > "${fpath[1]}/_sotto\""""


def register(subparsers: Subparsers, whole: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "completion",
        help="print the completion script of a shell",
        description="Print the completion script of a shell; it is made from the commands that are installed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=lambda given: print_script(whole, given.shell))


def print_script(parser: argparse.ArgumentParser, shell: str) -> int:
    import shtab  # only here: no other command waits for it

    terminal.write(shtab.complete(parser, shell))
    return Exit.OK
