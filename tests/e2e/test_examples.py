"""The programs that the documentation shows, run as they stand: only the address and the key are put in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sotto.client import Sotto
from tests.conftest import ROOT
from tests.e2e.caller import word_errors
from tests.e2e.conftest import RunningStack
from tests.recordings import SAMPLE, SAMPLE_TEXT

pytestmark = pytest.mark.e2e

PAGES = ("docs/api/README.md", "docs/api/examples.md", "docs/client.md")
COMMANDS = {"sh": ["bash", "-euo", "pipefail"], "python": [sys.executable], "js": ["node"]}
SUFFIXES = {"sh": "sh", "python": "py", "js": "mjs"}
RUN_WITHIN_S = 120
MAX_ERRORS = 8  # words of 54: the smallest model may miss some, captions also hold numbers


def programs() -> list[tuple[str, str, str]]:
    """(page, language, text) of each fenced block that is a whole program: one about the recording at hand."""
    blocks = re.compile(rf"^```({'|'.join(COMMANDS)})\n(.*?)^```", re.DOTALL | re.MULTILINE)
    found = [(page, *block) for page in PAGES for block in blocks.findall((ROOT / page).read_text())]
    return [(page, language, text) for page, language, text in found if "talk.ogg" in text]


@pytest.fixture(scope="module")
def key(stack: RunningStack) -> str:
    email, password = stack.credentials
    with Sotto(stack.web_url, email=email, password=password) as client:
        return client.create_key("examples", ["jobs:read", "jobs:write"], 1).secret


def test_each_language_has_an_example() -> None:
    assert {language for _, language, _ in programs()} == set(COMMANDS)


@pytest.mark.parametrize(("page", "language", "text"), programs(), ids=lambda value: str(value)[:24].split("\n")[0])
def test_an_example_prints_what_was_said(
    page: str, language: str, text: str, stack: RunningStack, key: str, tmp_path: Path
) -> None:
    command = COMMANDS[language]
    assert shutil.which(command[0]), f"{page}: expected {command[0]} on this machine"
    shutil.copy(SAMPLE, tmp_path / "talk.ogg")
    (tmp_path / ".sotto").mkdir()
    shutil.copy(Path(str(stack["credentials_file"])), tmp_path / ".sotto" / "credentials.json")
    for placeholder in ("https://sotto.example.org", "http://127.0.0.1:8080"):
        text = text.replace(placeholder, stack.web_url)
    program = tmp_path / f"program.{SUFFIXES[language]}"
    program.write_text(text.replace("sk_...", key))
    ran = subprocess.run(
        [*command, str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=RUN_WITHIN_S,
        check=False,
        env=dict(os.environ),
    )
    assert ran.returncode == 0, f"{page}: {ran.stderr}\n{ran.stdout}"
    said = re.sub(r"^.*(-->|COMPLETED|null|false|talk\.ogg).*$|\d", "", ran.stdout, flags=re.MULTILINE)
    assert word_errors(SAMPLE_TEXT, said) <= MAX_ERRORS, ran.stdout
