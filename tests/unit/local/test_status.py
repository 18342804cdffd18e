"""The status file, the lock that says whether it is true, and the announcement to the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.local.errors import AlreadyRunning
from infra.local.places import Places
from infra.local.status import (
    Facts,
    announce,
    held_lock,
    is_running,
    queues_of,
    read_facts,
    withdraw,
    write_facts,
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(state=tmp_path / ".sotto", announcement=tmp_path / "home" / "local.json")


def facts(**more: object) -> Facts:
    return Facts.model_validate({"pid": 1, "started_at": "now", "state_dir": "x", "logs": "y", **more})


def test_facts_are_read_as_they_were_written_and_only_by_the_owner(places: Places) -> None:
    assert read_facts(places) is None
    write_facts(places, facts(web_url="http://127.0.0.1:8080", pids={"edge": 7}))
    assert read_facts(places) == facts(web_url="http://127.0.0.1:8080", pids={"edge": 7})
    assert places.status.stat().st_mode & 0o777 == 0o600
    assert list(places.state.iterdir()) == [places.status], "nothing half-written is left"


def test_a_broken_status_file_is_no_status(places: Places) -> None:
    write_facts(places, facts())
    places.status.write_text('{"pid": "many"')
    assert read_facts(places) is None


def test_one_starter_holds_the_state_and_the_next_is_told_where_it_runs(places: Places) -> None:
    assert not is_running(places)
    with held_lock(places):
        write_facts(places, facts(web_url="http://127.0.0.1:8080"))
        assert is_running(places)
        with (
            pytest.raises(AlreadyRunning, match=r"already running at http://127.0.0.1:8080.*sotto down"),
            held_lock(places),
        ):
            pass
    assert not is_running(places)
    with held_lock(places):
        pass


def test_an_announcement_is_taken_back_only_by_its_own_stack(places: Places, tmp_path: Path) -> None:
    assert places.announcement is not None
    announce(places)
    assert json.loads(places.announcement.read_text()) == {"status_file": str(places.status)}
    other = Places(state=tmp_path / "other", announcement=places.announcement)
    withdraw(other)
    assert places.announcement.exists()
    withdraw(places)
    assert not places.announcement.exists()
    withdraw(places)
    announce(Places(state=tmp_path / "silent"))
    assert not places.announcement.exists()


def test_an_announcement_that_cannot_be_read_is_left_alone(places: Places) -> None:
    assert places.announcement is not None
    places.announcement.parent.mkdir()
    places.announcement.write_text("[]")
    withdraw(places)
    assert places.announcement.exists()


def test_queues_are_named_at_the_endpoint_that_people_use() -> None:
    outputs = {"FastQueueUrl": "http://localhost:4566/0/sotto-parts-fast", "BulkDlqUrl": "http://localhost:4566/0/dead"}
    assert queues_of(outputs, "http://127.0.0.1:5000") == {
        "fast": "http://127.0.0.1:5000/0/sotto-parts-fast",
        "bulk_dlq": "http://127.0.0.1:5000/0/dead",
    }
