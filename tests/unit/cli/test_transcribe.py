"""`sotto transcribe` against a real HTTP server: results, exit statuses, and what a person is told."""

from __future__ import annotations

import hashlib
import io
import json
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sotto.cli.main import main
from sotto.cli.results import save
from sotto.domain.errors import InvalidInput
from tests.unit.cli.conftest import Service, complete, fail, problem

FULL = Path("/dev/full")


def test_a_recording_becomes_text_on_standard_output(
    local: Service, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["transcribe", str(recording), "--model", "tiny.en", "--language", "en"]) == 0
    said = capsys.readouterr()
    assert said.out == "format=txt of Café talk.mp3: 60 bytes\n"
    assert local.url in said.err, "a person sees which service has the recording"
    ((_, _, _, body),) = local.asked("POST", "/v1/jobs")
    assert json.loads(body) == {
        "name": "Café talk.mp3",
        "size_bytes": 60,
        "content_type": "audio/mpeg",
        "model": "tiny.en",
        "language": "en",
        "title": None,
        "tags": [],
        "sha256": hashlib.sha256(recording.read_bytes()).hexdigest(),
    }
    ((_, _, headers, sent),) = local.asked("PUT", "/bucket/.*")
    assert (headers["Content-Length"], headers["x-must-send"]) == ("60", "yes")
    assert sent == recording.read_bytes()
    assert "Authorization" not in headers, "the token is the API's business, not the bucket's"


def test_a_large_recording_goes_in_parts(local: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(bytes(range(256)) * 2)
    local.trouble = [
        ("PUT", "/bucket/.*/3", 500, {}, b""),
        ("PUT", "/bucket/.*/7", 403, {}, b"<Error>expired</Error>"),
    ]
    assert main(["transcribe", str(path), "--format", "json"]) == 0
    assert local.recordings["01JOB0"] == path.read_bytes()
    assert len(local.asked("POST", "/v1/jobs/.*/upload/parts")) == 103 + 2, "a part that failed is signed again"
    assert "512 bytes" in capsys.readouterr().out


def test_several_files_come_in_order_and_one_trouble_stops_no_other(
    local: Service, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(b"x")
    local.trouble = [("POST", "/v1/jobs", *problem(413, "recording_too_large", "size_bytes: expected less"))]
    assert main(["transcribe", str(recording), str(other), "--parallel", "1"]) == 2
    said = capsys.readouterr()
    assert said.out == "format=txt of other.wav: 1 bytes\n"
    assert "size_bytes: expected less" in said.err
    assert "(recording_too_large)" in said.err
    assert "A hint. (request req-9)" in said.err


def test_results_are_written_beside_each_other(
    local: Service, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    other = tmp_path / "other.wav"
    other.write_bytes(b"x")
    assert main(["transcribe", str(recording), str(other), "--format", "srt", "--output", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["Café talk.mp3.srt", "other.wav.srt"]
    single = tmp_path / "one.txt"
    assert main(["transcribe", str(other), "--output", str(single)]) == 0
    assert single.read_text() == "format=txt of other.wav: 1 bytes\n"
    assert capsys.readouterr().out == ""


def test_a_failed_job_says_why(local: Service, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    local.fate = fail
    assert main(["transcribe", str(recording)]) == 3
    said = capsys.readouterr().err
    for words in ("it ends early", "recording_damaged", "Copy it again.", "job 01JOB0", "request req-01JOB0"):
        assert words in said


def test_a_cancelled_job_is_a_failed_one(local: Service, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    local.fate = lambda job: job.update(status="CANCELLED", stage="done")
    assert main(["transcribe", str(recording)]) == 3
    assert "the job ended as CANCELLED" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nowhere.mp3", "empty.mp3"])
def test_a_file_that_is_not_there_or_empty_is_refused_before_anything_is_asked(
    local: Service, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.mp3").touch()
    assert main(["transcribe", str(tmp_path / name)]) == 2
    assert name in capsys.readouterr().err
    assert local.requests == []


def test_an_output_that_is_a_file_cannot_hold_several(local: Service, recording: Path, tmp_path: Path) -> None:
    target = tmp_path / "one.txt"
    target.write_text("mine")
    other = tmp_path / "other.wav"
    other.write_bytes(b"x")
    assert main(["transcribe", str(recording), str(other), "--output", str(target)]) == 2
    assert target.read_text() == "mine"


@contextmanager
def disk_with_room_for(most_bytes: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond this, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_is_full_gets_no_half_transcript_and_the_service_keeps_it(tmp_path: Path) -> None:
    target = tmp_path / "out" / "talk.txt"
    save(target, b"before", "01JOB0")
    with disk_with_room_for(10), pytest.raises(InvalidInput, match=r"talk\.txt: expected a file that can be") as told:
        save(target, b"x" * 100, "01JOB0")
    assert "sotto transcript export 01JOB0" in told.value.hint
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"before"]


def test_a_place_that_cannot_be_written_stops_no_other_recording(
    local: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.wav").write_bytes(b"x")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.wav.txt").mkdir()  # a folder where the first transcript should go
    words = [str(tmp_path / folder / f"{folder}.wav") for folder in ("a", "b")]
    assert main(["transcribe", *words, "--output", str(tmp_path / "out"), "--json"]) == 2
    said = capsys.readouterr()
    first, second = map(json.loads, said.out.splitlines())
    assert (first["error"]["code"], second["error"]) == ("invalid_input", None)
    assert "a.wav.txt: expected a file that can be written" in said.err
    assert "export 01JOB" in said.err
    assert (tmp_path / "out" / "b.wav.txt").read_text().startswith("format=txt of b.wav")


def test_a_recording_that_cannot_be_read_is_told_by_name(
    local: Service, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    local.watch = lambda method, url: recording.unlink() if method == "POST" and url == "/v1/jobs" else None
    assert main(["transcribe", str(recording)]) == 2
    said = capsys.readouterr().err
    assert "Café talk.mp3: expected a file that can be read or written, found 'No such file or directory'" in said
    assert local.jobs == {}, "no half job stays behind"


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")
def test_a_standard_output_that_takes_nothing_is_told_and_no_success(local: Service, recording: Path) -> None:
    command = [sys.executable, "-m", "sotto.cli.main", "transcribe", str(recording)]
    with FULL.open("wb") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert ran.returncode == 2
    assert "found 'No space left on device' (invalid_input)" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_passes_is_tried_again(local: Service, recording: Path) -> None:
    local.trouble = [
        ("POST", "/v1/jobs", *problem(503, "storage_unavailable", "later")),
        ("POST", "/v1/jobs", *problem(429, "limit_reached", "slowly", **{"Retry-After": "1"})),
        ("PUT", "/bucket/.*", 500, {}, b""),
        ("GET", "/v1/jobs/01JOB0", 502, {}, b"<html>"),
    ]
    assert main(["transcribe", str(recording)]) == 0
    assert local.trouble == []


def test_an_upload_that_the_bucket_refuses_gives_the_job_up(
    local: Service, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    local.trouble = [("PUT", "/bucket/.*", 400, {}, b"<Error/>")]
    assert main(["transcribe", str(recording)]) == 2
    assert "status 400" in capsys.readouterr().err
    assert local.jobs == {}, "no half job stays behind"


def test_a_service_that_is_gone_is_unreachable(recording: Path, capsys: pytest.CaptureFixture[str], home: Path) -> None:
    logins = home / ".config" / "sotto" / "logins.json"
    logins.parent.mkdir(parents=True)
    login = {"service": "http://127.0.0.1:9", "email": "a@b.c", "refresh_token": "r", "access_token": "a"}
    logins.write_text(json.dumps({"logins": [login]}))
    assert main(["transcribe", str(recording)]) == 4
    assert "sotto up --detach" in capsys.readouterr().err


def test_nobody_is_signed_in(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["transcribe", str(recording)]) == 5
    assert "sotto login" in capsys.readouterr().err


@pytest.fixture(autouse=True)
def heard_ctrl_c() -> Iterator[None]:
    """As at a terminal: a shell starts what runs in its background with SIGINT ignored, and that is inherited."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def ctrl_c(*_: object) -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def interrupt_once(local: Service) -> None:
    """Ctrl-C at the second look at a job, however often it is looked at until the command has heard of it."""

    def strike(_: object) -> None:
        local.fate = lambda _: None
        ctrl_c()

    local.fate = strike


def test_after_ctrl_c_the_same_command_goes_on_with_the_same_job(
    local: Service, recording: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    interrupt_once(local)
    assert main(["transcribe", str(recording)]) == 130
    assert "the same command goes on" in capsys.readouterr().err
    local.fate = complete
    assert main(["transcribe", str(recording)]) == 0
    assert capsys.readouterr().out == "format=txt of Café talk.mp3: 60 bytes\n"
    assert (len(local.asked("POST", "/v1/jobs")), len(local.asked("PUT", ".*"))) == (1, 1)
    assert main(["transcribe", str(recording)]) == 0
    assert len(local.asked("POST", "/v1/jobs")) == 2, "a job that was delivered is finished: the command makes another"
    assert list((home / ".config" / "sotto" / "unfinished").iterdir()) == []


def test_after_ctrl_c_only_the_missing_parts_are_sent(local: Service, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(bytes(range(256)))

    def stop_at_the_ninth(method: str, url: str) -> None:
        if (method, url) == ("PUT", "/bucket/01JOB0/9"):
            local.watch = lambda *_: None
            ctrl_c()

    arrived: dict[int, bytes] = {}

    def note_what_arrived(method: str, url: str) -> None:
        if (method, url) == ("GET", "/v1/jobs/01JOB0/upload/parts"):
            arrived.update(local.parts["01JOB0"])

    local.watch = stop_at_the_ninth
    assert main(["transcribe", str(path)]) == 130
    before = len(local.requests)
    local.watch = note_what_arrived
    assert main(["transcribe", str(path)]) == 0
    assert local.recordings["01JOB0"] == path.read_bytes()
    sent = {int(url.rpartition("/")[2]) for method, url, _, _ in local.requests[before:] if method == "PUT"}
    assert arrived
    assert sent == set(range(1, 53)) - set(arrived)


def test_a_changed_file_or_another_choice_is_another_job(local: Service, recording: Path) -> None:
    interrupt_once(local)
    assert main(["transcribe", str(recording)]) == 130
    local.fate = complete
    assert main(["transcribe", str(recording), "--language", "de"]) == 0
    recording.write_bytes(b"another sound")
    assert main(["transcribe", str(recording)]) == 0
    assert len(local.asked("POST", "/v1/jobs")) == 3


def test_a_job_that_is_gone_is_made_again(local: Service, recording: Path) -> None:
    interrupt_once(local)
    assert main(["transcribe", str(recording)]) == 130
    local.jobs.clear()
    local.fate = complete
    assert main(["transcribe", str(recording)]) == 0


# --- which recordings, and where their transcripts go


def test_folders_and_patterns_are_searched(local: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a/one.wav", "a/deep/two.MP3", "a/notes.txt", "b/three.ogg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    out = tmp_path / "out"
    words = [str(tmp_path / "a"), str(tmp_path / "**" / "*.ogg"), str(tmp_path / "a" / "one.wav")]
    assert main(["transcribe", *words, "--output", str(out)]) == 0
    found = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert found == ["deep/two.MP3.txt", "one.wav.txt", "three.ogg.txt"], "each once, without what is no recording"
    assert main(["transcribe", str(tmp_path / "*.aiff")]) == 2
    assert "expected a pattern that finds files" in capsys.readouterr().err


def test_names_that_would_overwrite_each_other_are_refused(local: Service, tmp_path: Path) -> None:
    for name in ("a/talk.wav", "b/talk.wav"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    words = [str(tmp_path / "a" / "talk.wav"), str(tmp_path / "b" / "talk.wav")]
    assert main(["transcribe", *words, "--output", str(tmp_path)]) == 2
    assert local.requests == []


def test_standard_input_is_a_recording(
    local: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe")))
    assert main(["transcribe", "-", "--name", "memo.ogg"]) == 0
    assert capsys.readouterr().out == "format=txt of memo.ogg: 11 bytes\n"


def test_standard_input_that_finds_no_room_is_told_before_anything_is_asked(
    local: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"x" * 5000)))
    with disk_with_room_for(1000):
        assert main(["transcribe", "-"]) == 2
    assert "-: expected room for all of it in" in capsys.readouterr().err
    assert local.requests == []


def test_an_address_is_left_to_the_service(local: Service, capsys: pytest.CaptureFixture[str]) -> None:
    def fetch(method: str, path: str) -> None:
        local.recordings.update(dict.fromkeys(local.jobs, b"fetched"))

    local.watch = fetch
    assert main(["transcribe", "https://example.org/a%20talk.mp3?x=1"]) == 0
    ((_, _, _, body),) = local.asked("POST", "/v1/jobs")
    assert json.loads(body) == {"source_url": "https://example.org/a%20talk.mp3?x=1", "title": None, "tags": []}
    assert "a talk.mp3" in capsys.readouterr().err
    assert local.asked("PUT", ".*") == []


def test_json_is_a_line_for_each_recording(
    local: Service, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(b"x")
    local.fate = lambda job: (fail if job["name"] == "other.wav" else complete)(job)
    assert main(["transcribe", str(recording), str(other), "--json"]) == 3
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["file"], first["status"], first["error"]) == ("Café talk.mp3", "COMPLETED", None)
    assert first["transcript"] == "format=txt of Café talk.mp3: 60 bytes\n"
    assert (second["status"], second["error"]["code"]) == ("FAILED", "recording_damaged")
    assert second["error"]["request_id"] == f"req-{second['job_id']}"


def test_warnings_are_told_beside_the_transcript(
    local: Service, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def warn(job: dict[str, Any]) -> None:
        complete(job)
        job["warnings"] = ["It may be cut [off]."]

    local.fate = warn
    assert main(["transcribe", str(recording)]) == 0
    said = capsys.readouterr()
    assert "warning Café talk.mp3: It may be cut [off]." in said.err.splitlines()
    assert said.out == "format=txt of Café talk.mp3: 60 bytes\n"
    assert main(["transcribe", str(recording), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == ["It may be cut [off]."]


def test_as_many_as_wanted_are_worked_on_at_once(local: Service, tmp_path: Path) -> None:
    everybody = threading.Barrier(3, timeout=20)
    local.watch = lambda method, path: everybody.wait() and None if method == "PUT" else None
    for n in range(3):
        (tmp_path / f"{n}.wav").write_bytes(b"x")
    assert main(["transcribe", str(tmp_path), "--parallel", "3"]) == 0
    assert main(["transcribe", str(tmp_path), "--parallel", "0"]) == 2
