"""The bundled recording through a stack that has just started, by the command line's own code."""

from __future__ import annotations

import json
from pathlib import Path

from infra.local.places import CHECKOUT
from infra.local.status import Facts
from sotto.cli import terminal
from sotto.cli.board import board
from sotto.cli.exits import Exit, exit_of
from sotto.client import ServiceError, Sotto

SAMPLE = CHECKOUT / "tests" / "audio" / "sample.ogg"


def transcribe_sample(facts: Facts) -> int:
    """Upload the sample, wait, print its words. Returns the exit status."""
    credentials = json.loads(Path(str(facts.credentials_file)).read_text())
    terminal.write(f"\ntranscribing {SAMPLE.relative_to(CHECKOUT)}:\n")
    try:
        with Sotto(str(facts.api_url), email=credentials["email"], password=credentials["password"]) as client:
            with board() as screen, screen.line(SAMPLE.name) as line:
                line.upload(SAMPLE.stat().st_size)
                job = client.transcribe(SAMPLE, advance=line.advance, progress=line.look)
            terminal.write_bytes(client.get_transcript(job.id, "txt"))
    except ServiceError as error:
        terminal.complain(error, SAMPLE.name)
        return int(exit_of(error))
    return int(Exit.OK)
