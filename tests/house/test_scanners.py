"""docs/security.md explains every finding of bandit, and no more than there are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter

from tests.conftest import ROOT

ROW = re.compile(r"^\| (B\d{3}(?:, B\d{3})*) [^|]*\| (\d+) \| [^|]+ \|$", re.MULTILINE)


def test_every_finding_of_bandit_is_explained() -> None:
    scan = [
        sys.executable,
        "-m",
        "bandit",
        "--quiet",
        "--recursive",
        "--format",
        "json",
        "functions",
        "layers",
        "infra",
    ]
    done = subprocess.run(scan, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    found = Counter(one["test_id"] for one in json.loads(done.stdout)["results"])
    page = (ROOT / "docs/security.md").read_text().split("## Scanners")[1]
    explained = {tuple(ids.split(", ")): int(times) for ids, times in ROW.findall(page)}
    assert {ids: sum(found[one] for one in ids) for ids in explained} == explained
    assert set(found) == {one for ids in explained for one in ids}
