"""cfn-lint, with the SAM transform, finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from cfnlint.api import lint_file

from tests.conftest import ROOT

TEMPLATES = [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*/template.yaml"))]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.parent.name)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # cfn-lint's own dependencies
def test_cfn_lint_is_clean(path: Path) -> None:
    assert [str(match) for match in lint_file(path)] == []
