"""The bundled recording through a stack that has just started, by the command line's own code."""

from __future__ import annotations

import json
from pathlib import Path

from infra.local.places import CHECKOUT
from infra.local.status import Facts
from sotto.cli import session, terminal, transcribe
from sotto.cli.api import Api
from sotto.cli.exits import exit_of
from sotto.domain.errors import SottoError

SAMPLE = CHECKOUT / "tests" / "audio" / "sample.ogg"


def transcribe_sample(facts: Facts) -> int:
    """Upload the sample, wait, print its words. Returns the exit status."""
    credentials = json.loads(Path(str(facts.credentials_file)).read_text())
    api = Api(str(facts.api_url))
    terminal.write(f"\ntranscribing {SAMPLE.relative_to(CHECKOUT)}:\n")
    try:
        session.sign_in(api, credentials["email"], credentials["password"])
        sent = transcribe.send(api, SAMPLE, {})
        return int(transcribe.finish(api, sent, "txt", lambda _, text: terminal.write(text)))
    except SottoError as error:
        terminal.complain(error, SAMPLE.name)
        return int(exit_of(error))
    finally:
        api.close()
