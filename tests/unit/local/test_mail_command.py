"""`sotto mail` without a stack; with one, tests/integration/identity shows what lies in the outbox."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from infra.local import mail_command


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    mail_command.register(parser.add_subparsers())
    given = parser.parse_args(["mail", "--state", str(tmp_path)])
    assert given.run(given) == mail_command.EXIT_NOT_RUNNING
    assert "sotto up" in capsys.readouterr().err
