"""`sotto jobs`, the problem documents, and the frame of the command itself."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from sotto.cli import main as frame
from sotto.cli.api import pause
from sotto.cli.exits import MEANINGS, Exit, exit_of
from sotto.cli.main import main
from sotto.cli.problems import error_from
from sotto.domain.errors import (
    Forbidden,
    LimitReached,
    NotFound,
    Rejected,
    SottoError,
    StorageUnavailable,
    Unauthenticated,
    Unavailable,
)
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
    assert json.loads(capsys.readouterr().out)["id"] == "01JOB0"
    assert main(["jobs", "show", "01JOB0", "--format", "vtt"]) == 0
    assert capsys.readouterr().out.startswith("format=vtt")


def test_the_reason_of_a_failed_job_is_shown(done: Service, capsys: pytest.CaptureFixture[str]) -> None:
    done.jobs["01JOB0"]["failure"] = {"code": "no_audio_track", "message": "no sound", "hint": "Upload the right one."}
    assert main(["jobs", "show", "01JOB0"]) == 0
    assert "failure    no sound (no_audio_track)\nhint       Upload the right one." in capsys.readouterr().out


def test_jobs_are_cancelled_retried_and_deleted(done: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs", "cancel", "01JOB0"]) == 0
    assert main(["jobs", "retry", "01JOB0"]) == 0
    assert main(["jobs", "delete", "01JOB0"]) == 0
    assert done.jobs == {}
    assert capsys.readouterr().err.splitlines() == ["01JOB0 is CANCELLED", "01JOB0 is QUEUED", "deleted 01JOB0"]
    assert main(["jobs", "show", "01JOB0"]) == 2
    assert "job 01JOB0: expected one of yours (not_found)" in capsys.readouterr().err


# --- errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unauthenticated("x"), Exit.NOT_SIGNED_IN),
        (Forbidden("x"), Exit.NOT_SIGNED_IN),
        (StorageUnavailable("x"), Exit.UNREACHABLE),
        (SottoError("x"), Exit.UNREACHABLE),
        (NotFound("x"), Exit.BAD_INPUT),
        (LimitReached("x", retry_after_s=1), Exit.BAD_INPUT),
    ],
)
def test_every_error_has_its_exit_status(error: SottoError, status: Exit) -> None:
    assert exit_of(error) is status


def test_a_problem_document_becomes_the_error_that_it_was() -> None:
    body = json.dumps({"code": "limit_reached", "detail": "too many", "hint": "Wait.", "request_id": "r1"}).encode()
    error = error_from(429, body, "ignored")
    assert isinstance(error, LimitReached)
    assert (error.message, error.hint, error.status) == ("too many", "Wait. (request r1)", 429)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (502, b"<html>", Unavailable, "unavailable"),
        (418, b"[]", Rejected, "rejected"),
        (400, b'{"code": "of_tomorrow", "detail": "new"}', Rejected, "rejected"),
        (599, b'{"code": "of_tomorrow", "detail": "new"}', Unavailable, "unavailable"),
    ],
)
def test_other_answers_are_told_as_such(status: int, body: bytes, kind: type[SottoError], code: str) -> None:
    error = error_from(status, body, "")
    assert (type(error), error.code) == (kind, code)
    assert error.hint == kind.default_hint


def test_pauses_double_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sotto.cli.api.FIRST_PAUSE_S", 0.3)
    monkeypatch.setattr("sotto.cli.api.LONGEST_PAUSE_S", 20.0)
    assert [pause(i, lambda: 1.0) for i in range(8)] == [0.3, 0.6, 1.2, 2.4, 4.8, 9.6, 19.2, 20.0]
    assert pause(0, lambda: 0.0) == 0.15


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
