"""The web app has German words for every error that the service can answer: who adds one learns it here."""

from __future__ import annotations

import re
from pathlib import Path

from sotto.domain.errors import every_error

WORDS = Path(__file__).resolve().parents[2] / "web/src/lib/i18n/problems.de.ts"


def test_every_error_has_german_words() -> None:
    known = set(re.findall(r"^  (\w+): \{", WORDS.read_text(), re.MULTILINE))
    assert len(known) > 20
    assert {error.code for error in every_error()} - known == set(), f"add their words to {WORDS.name}"
