"""`sotto verify-receipt`: check what a deletion answered, with the service's published key."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from sotto.cli import arguments, session, terminal
from sotto.cli.exits import Exit
from sotto.client import Sotto
from sotto.domain.errors import InvalidInput
from sotto.domain.signed_receipts import checked


def register(subparsers: arguments.Subparsers) -> None:
    parser = arguments.command(
        subparsers, "verify-receipt", "check a deletion receipt", "verify-receipt 01K....json --keys keys.json"
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="what `sotto jobs delete --receipts` wrote")
    parser.add_argument(
        "--keys", metavar="FILE", type=Path, help="a saved GET /v1/receipts/keys: nothing is asked over the network"
    )
    parser.set_defaults(run=verify_receipt)


def verify_receipt(given: argparse.Namespace) -> int:
    document = _object(given.file, "a receipt")
    published = _object(given.keys, "a JWK Set") if given.keys else _asked(given)
    keys = published.get("keys")
    if not isinstance(keys, list):
        raise InvalidInput("keys", expected='a JWK Set: {"keys": [...]}', found="something else")
    receipt = checked(document, keys)
    terminal.write(f"valid: job {receipt.job_id} was deleted, and nothing was left at {receipt.completed_at}")
    for look in receipt.looks:
        objects = {"recordings": look.recordings, "work": look.work, "transcripts": look.transcripts}
        found = [f"{count.versions} of {name}" for name, count in {**objects, "exports": look.exports}.items()]
        rows = sum(look.rows.model_dump().values())
        terminal.write(f"  {look.at}: object versions: {', '.join(found)}; {rows} rows")
    return Exit.OK


def _asked(given: argparse.Namespace) -> dict[str, Any]:
    """The keys are public: a service that is named needs no session."""
    with Sotto(session.address(given.service)) if given.service else arguments.connect(given) as client:
        return client.receipt_keys().model_dump()


def _object(path: Path, expected: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidInput(str(path), expected="a file that can be read", found=error.strerror) from None
    except ValueError:
        raise InvalidInput(str(path), expected=f"{expected} as JSON", found="something else") from None
    if not isinstance(found, dict):
        raise InvalidInput(str(path), expected=f"{expected} as a JSON object", found=type(found).__name__)
    return found
