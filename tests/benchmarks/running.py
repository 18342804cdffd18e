"""The running stack that a benchmark asks, found as `sotto status` finds it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.places import Places
from infra.local.status import Facts, is_running, read_facts


@dataclass(frozen=True)
class Running:
    facts: Facts
    api_url: str
    sign_in: dict[str, str]
    """The administrator's e-mail and password, as POST /auth/sign-in takes them."""


def parse(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> tuple[argparse.Namespace, Running]:
    """What was chosen, and the stack that --state names. Ends the program with a message if none is running."""
    parser.add_argument("--state", type=Path, help="the stack's state folder; .sotto of this checkout otherwise")
    chosen = parser.parse_args(arguments)
    places = Places(state=chosen.state) if chosen.state else Places.of_checkout()
    facts = read_facts(places) if is_running(places) else None
    if facts is None or facts.api_url is None or facts.credentials_file is None:
        parser.exit(1, "expected a running stack, found none: `sotto up --detach` starts it\n")
    who = json.loads(Path(facts.credentials_file).read_text())
    return chosen, Running(facts, facts.api_url, {"email": who["email"], "password": who["password"]})
