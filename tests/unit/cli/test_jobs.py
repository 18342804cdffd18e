"""`sotto jobs`, the problem documents, and the frame of the command itself."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sotto.cli import main as frame
from sotto.cli.exits import MEANINGS, Exit, exit_of
from sotto.cli.main import main
from sotto.client import Forbidden, Interrupted, LimitReached, NotFound, ServiceError, Unauthenticated, Unavailable
from sotto.domain.errors import InvalidInput, SottoError, StorageUnavailable
from tests.unit.cli.conftest import Service


@pytest.fixture
def done(local: Service, recording: Path, capsys: pytest.CaptureFixture[str]) -> Service:
    assert main(["transcribe", str(recording)]) == 0
    capsys.readouterr()
    return local


def test_jobs_are_listed_newest_first(done: Service, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["transcribe", str(recording)]) == 0
    capsys.readouterr()
    assert main(["jobs", "list", "--limit", "1"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "01JOB1  COMPLETED        2026-11-22T10:00:00Z     1:02  Café talk.mp3"
    assert "there are more" in said.err
    assert main(["jobs", "list", "--json"]) == 0
    assert [job["id"] for job in json.loads(capsys.readouterr().out)["jobs"]] == ["01JOB1", "01JOB0"]


def test_a_job_is_shown(done: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs", "show", "01JOB0"]) == 0
    said = capsys.readouterr().out
    for line in ("id         01JOB0", "status     COMPLETED (done)", "length     1:02", "model      base, transcribe"):
        assert line in said
    assert main(["jobs", "show", "01JOB0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["job"]["id"] == "01JOB0"


def test_the_warnings_of_a_job_are_shown(done: Service, capsys: pytest.CaptureFixture[str]) -> None:
    done.jobs["01JOB0"]["warnings"] = ["It may be cut off.", "No speech was found."]
    assert main(["jobs", "show", "01JOB0"]) == 0
    assert "warnings   It may be cut off. No speech was found.\n" in capsys.readouterr().out


def test_the_reason_of_a_failed_job_is_shown(done: Service, capsys: pytest.CaptureFixture[str]) -> None:
    done.jobs["01JOB0"]["failure"] = {"code": "no_audio_track", "message": "no sound", "hint": "Upload the right one."}
    assert main(["jobs", "show", "01JOB0"]) == 0
    said = capsys.readouterr().out
    assert "failure    no sound (no_audio_track)\nhint       Upload the right one.\nrequest    req-01JOB0\n" in said


def test_jobs_are_cancelled_retried_and_deleted(done: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs", "cancel", "01JOB0"]) == 0
    assert main(["jobs", "retry", "01JOB0"]) == 0
    assert main(["jobs", "delete", "01JOB0"]) == 0
    assert done.jobs == {}
    assert capsys.readouterr().err.splitlines() == ["01JOB0 is CANCELLED", "01JOB0 is QUEUED", "deleted 01JOB0"]
    assert main(["jobs", "show", "01JOB0"]) == 2
    assert "job 01JOB0: expected one of yours (not_found)" in capsys.readouterr().err


def test_waiting_for_jobs_tells_how_they_ended(
    done: Service, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done.jobs["01JOB9"] = {**done.jobs["01JOB0"], "id": "01JOB9", "status": "EXPIRED"}
    assert main(["jobs", "wait", "01JOB9", "01JOB0"]) == 3, "the first trouble is the exit status"
    said = capsys.readouterr().err
    assert "failed the job ended as EXPIRED (expired)" in said
    assert "01JOB0 is COMPLETED" in said, "one job's trouble keeps no other from its turn"


def test_a_retry_replaces_what_it_names(done: Service) -> None:
    assert main(["jobs", "retry", "01JOB0", "--model", "large-v3", "--no-word-times", "--beam-size", "5"]) == 0
    ((_, _, _, body),) = done.asked("POST", "/v1/jobs/01JOB0/retry")
    assert json.loads(body) == {"model": "large-v3", "word_times": False, "beam_size": 5}


# --- errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unauthenticated("x"), Exit.NOT_SIGNED_IN),
        (Forbidden("x"), Exit.NOT_SIGNED_IN),
        (NotFound("x"), Exit.BAD_INPUT),
        (LimitReached("x"), Exit.BAD_INPUT),
        (Unavailable("x"), Exit.UNREACHABLE),
        (Interrupted("x"), Exit.INTERRUPTED),
        (InvalidInput("x", expected="y", found="z"), Exit.BAD_INPUT),
        (StorageUnavailable("x"), Exit.UNREACHABLE),
        (SottoError("x"), Exit.UNREACHABLE),
    ],
)
def test_every_error_has_its_exit_status(error: SottoError | ServiceError, status: Exit) -> None:
    assert exit_of(error) is status


# --- the frame


def test_help_lists_every_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    assert all(meaning in said for meaning in MEANINGS.values())


def test_a_command_that_does_not_exist_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["sing"])
    assert left.value.code == Exit.BAD_INPUT
    assert "invalid choice: 'sing'" in capsys.readouterr().err


def test_plugins_bring_commands_and_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins = [
        EntryPoint("here", "tests.unit.cli.plugin:register", frame.PLUGINS),
        EntryPoint("left out", "sotto_of_another_house.commands:register", frame.PLUGINS),
        EntryPoint("half", "tests.unit.cli.half_plugin:register", frame.PLUGINS),
    ]
    monkeypatch.setattr(frame, "entry_points", lambda group: plugins)
    assert main(["hum", "a tune"]) == 0
    said = capsys.readouterr()
    assert said.out == "hmm a tune\n"
    assert said.err == (
        "the commands of tests.unit.cli.half_plugin need a_library_that_nobody_has: pip install 'sotto[local]'\n"
    )


def test_the_page_about_the_command_lists_every_exit_status() -> None:
    page = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()
    for status, meaning in MEANINGS.items():
        assert f"| {int(status)} | {meaning}" in page
