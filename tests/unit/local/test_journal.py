"""A journal keeps each line that was taken, and nothing of one that was not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.local.journal import Journal


def test_what_was_appended_is_read_by_the_next_process(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    first.append(["row", "Café\n🎤", None])
    first.append(["messages", [1, 2]])
    assert list(Journal(tmp_path).entries()) == [["row", "Café\n🎤", None], ["messages", [1, 2]]]


def test_a_rotated_journal_begins_anew_and_is_gone_when_its_files_are_deleted(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(["old"])
    earlier = journal.rotate()
    assert journal.size == 0
    journal.append(["new"])
    assert list(journal.entries()) == [["old"], ["new"]]
    for path in earlier:
        path.unlink()
    assert list(Journal(tmp_path).entries()) == [["new"]]


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    journal.append(["first"])
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[:4]))  # what a full disk does
        with pytest.raises(OSError, match="expected room for"):
            journal.append(["lost"])
    journal.append(["second"])
    assert list(journal.entries()) == [["first"], ["second"]]
