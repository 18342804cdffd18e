"""docs/traceability.md names every requirement once, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/traceability.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text().splitlines()
    if line.startswith("| S")
]


def test_every_requirement_has_one_row() -> None:
    assert [row[0] for row in ROWS] == [f"S{number}" for number in range(1, 135)]


def test_a_row_is_done_with_code_test_and_document_or_says_what_is_missing() -> None:
    for number, _, state, code, test, document, missing in ROWS:
        assert state in ("done", "partly", "open"), number
        if state == "open":
            continue
        assert all((code, test, document)), number
        assert bool(missing) is (state == "partly"), number


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PAGE.read_text())
    assert [link for link in links if not (PAGE.parent / link).resolve().exists()] == []
