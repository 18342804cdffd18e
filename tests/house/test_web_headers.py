"""docs/web.md tells every host which headers to send; the laptop's edge sends the same."""

from __future__ import annotations

from pathlib import Path

from infra.local.edge import security_headers

PAGE = Path(__file__).parents[2] / "docs" / "web.md"
ONLY_WITH_TLS = "Strict-Transport-Security"


def _asked_for() -> dict[str, str]:
    block = PAGE.read_text().split("## What a host must do")[1].split("```text\n")[1].split("```")[0]
    return dict(line.split(": ", 1) for line in block.splitlines())


def test_the_edge_sends_what_the_page_asks_of_every_host() -> None:
    asked = _asked_for()
    assert asked.pop(ONLY_WITH_TLS).startswith("max-age=63072000")
    assert security_headers("STORAGE") == asked


def test_the_policy_allows_no_inline_code_and_no_other_origin() -> None:
    policy = _asked_for()["Content-Security-Policy"]
    for word in ("unsafe", "data:", "blob:", "http:", "https:", "*"):
        assert word not in policy
