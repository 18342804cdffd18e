"""The Dockerfile, as far as it can be checked without Docker: what it is built on, and as whom it runs."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "functions" / "transcribe"
TEXT = (FOLDER / "Dockerfile").read_text()
_CODE = "\n".join(line for line in TEXT.splitlines() if line.strip() and not line.strip().startswith("#"))
LINES = [line.strip() for line in _CODE.replace("\\\n", " ").splitlines()]
STAGES = {line.split()[3]: line.split()[1] for line in LINES if line.startswith("FROM ")}


def stage(name: str) -> list[str]:
    """The instructions of a stage."""
    start = next(i for i, line in enumerate(LINES) if line.startswith("FROM ") and line.endswith(f" AS {name}"))
    rest = LINES[start + 1 :]
    end = next((i for i, line in enumerate(rest) if line.startswith("FROM ")), len(rest))
    return rest[:end]


def test_everything_is_built_on_one_image_that_is_pinned_by_tag_and_digest() -> None:
    outside = {base for base in STAGES.values() if base not in STAGES}
    assert outside == {"${PYTHON_IMAGE}"}
    (image,) = [line.partition("=")[2] for line in LINES if line.startswith("ARG PYTHON_IMAGE")]
    assert re.fullmatch(r"docker\.io/library/python:3\.13\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", image)


def test_cpu_is_the_default_target_and_gpu_is_another() -> None:
    assert list(STAGES)[-1] == "cpu"
    assert STAGES["cpu"] == STAGES["gpu"] == "runtime"


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_a_target_runs_as_a_number_that_is_not_root(target: str) -> None:
    users = [line.split()[1] for line in stage(target) if line.startswith("USER")]
    assert users == ["65532:65532"]
    assert stage(target)[-1] == 'CMD ["functions-framework"]'
    assert not [line for line in stage(target) if line.startswith("RUN")], "nothing is built where it runs"


def test_only_tmp_is_written_to() -> None:
    (environment,) = [line for line in stage("runtime") if line.startswith("ENV")]
    assert "HOME=/tmp" in environment
    assert "SOTTO_MODEL_DIR=/tmp/models" in environment
    assert "PYTHONDONTWRITEBYTECODE=1" in environment


def test_what_is_copied_is_let_through_by_the_ignore_file() -> None:
    rules = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    assert next(rule for rule in rules if not rule.startswith("#")) == "*", "everything stays out by default"
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    for line in LINES:
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert any(fnmatch(rule, source) or source.startswith(f"{rule}/") for rule in let_in), source


def test_copied_files_are_there() -> None:
    for line in LINES:
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert list(ROOT.glob(source)) or "[" in source, source


def test_the_extras_that_it_installs_are_declared() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = {name for group in re.findall(r'"\.\[([a-z,]+)\]"', TEXT) for name in group.split(",")}
    assert asked == {"speech", "lambda", "gpu"}
    assert asked <= set(extras)


def test_models_are_not_in_the_image() -> None:
    assert not re.search(r"(COPY|ADD|RUN).*models", TEXT)
    assert "\nADD " not in TEXT
