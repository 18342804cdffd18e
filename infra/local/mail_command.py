"""`sotto mail`: what the local service would have sent. On a laptop no mail leaves the machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.local.places import Places
from infra.local.status import is_running, read_facts

EXIT_NOT_RUNNING = 4


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the `sotto` command."""
    mail = subparsers.add_parser("mail", help="mails of the local service: invitations, password resets")
    mail.add_argument("--limit", type=int, default=5, help="how many, newest first (default: 5)")
    mail.add_argument("--state", type=Path, help="folder that holds the stack (default: .sotto in the checkout)")
    mail.set_defaults(run=_mail)


def _mail(given: argparse.Namespace) -> int:
    places = Places(state=given.state.resolve()) if given.state else Places.of_checkout()
    facts = read_facts(places) if is_running(places) else None
    if facts is None or facts.endpoint_url is None or facts.table is None:
        sys.stderr.write("not running; start it with `sotto up`\n")
        return EXIT_NOT_RUNNING
    for at, text in _sent(facts.endpoint_url, facts.region, facts.table, given.limit):
        sys.stdout.write(f"--- {at}\n{text}\n")
    return 0


def _sent(endpoint: str, region: str, table: str, limit: int) -> list[tuple[str, str]]:
    import boto3  # only this command pays for it

    from infra.local.emulator import ACCESS_KEY
    from sotto.adapters.outbox_mail import read_outbox

    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=ACCESS_KEY,
    )
    mails = read_outbox(client, table, limit)
    return [(at, f"To: {mail.to}\nSubject: {mail.subject}\n\n{mail.text}") for at, mail in mails]
