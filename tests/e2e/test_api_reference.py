"""The API reference in a real browser, under the edge's content security policy and without the internet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.conftest import RunningStack
from tests.e2e.web import chromium
from tests.e2e.web.person import Person

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.skipif(chromium.missing() is not None, reason=str(chromium.missing())),
]


def test_every_route_is_shown_and_nothing_is_refused(stack: RunningStack, tmp_path: Path) -> None:
    paths = json.loads((ROOT / "docs/api/openapi.json").read_text())["paths"]
    routes = [f"{method.upper()} /v1{path}" for path, operations in paths.items() for method in operations]
    with chromium.chromium(tmp_path) as driver:
        person = Person(driver, stack.web_url)
        person.opens("api.html")
        person.sees("Sotto API", 30)
        shown = driver.find_element("id", "reference").text
        assert [route for route in routes if route not in shown] == []
        assert person.refused_by_policy() == []
        assert person.faults_in_console() == []
