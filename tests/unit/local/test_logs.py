"""Logs that never fill a disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.logs import LAST_LINES, CappedLog


def test_a_log_keeps_one_generation(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "logs" / "child.log", max_bytes=100)
    for i in range(30):
        log.write(f"line {i:02d}\n".encode())
    log.close()
    now, before = log.path.read_text(), (tmp_path / "logs" / "child.log.1").read_text()
    assert now.endswith("line 29\n")
    assert before.splitlines()[-1] != now.splitlines()[-1]
    assert len(now) <= 100
    assert len(before) <= 100


def test_the_last_lines_are_at_hand(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "child.log")
    for i in range(LAST_LINES + 5):
        log.write(f"line {i}\n".encode())
    log.close()
    assert next(iter(log.last)) == "line 5"
    assert len(log.last) == LAST_LINES


def test_a_disk_that_is_full_costs_the_line_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = CappedLog(Path("/dev/full"))
    log.write(b"lost on disk, kept in memory\n")
    log.close()
    assert list(log.last) == ["lost on disk, kept in memory"]
