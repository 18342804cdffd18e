"""A plug-in of the `sotto` command, as another package would bring it."""

from __future__ import annotations

import argparse
import sys


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("hum")
    parser.add_argument("what")
    parser.set_defaults(run=hum)


def hum(given: argparse.Namespace) -> int:
    sys.stdout.write(f"hmm {given.what}\n")
    return 0
