"""`sotto transcribe FILE...`: upload, wait, print or write the transcript.

All files are uploaded first and transcribed side by side by the service; results come in the order of the command.
One file's trouble does not stop the others: the exit status is that of the first trouble.
"""

from __future__ import annotations

import argparse
import mimetypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sotto.cli import session, terminal
from sotto.cli.api import Api
from sotto.cli.exits import Exit, exit_of
from sotto.cli.uploads import Uploader
from sotto.domain.errors import InvalidInput, RecordingEmpty, SottoError
from sotto.domain.job import FINAL, JobStatus

FORMATS = ("txt", "srt", "vtt", "json")
FIRST_LOOK_S = 0.2
LONGEST_LOOK_S = 3.0


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("transcribe", help="upload recordings and print what was said")
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a recording: WAV, MP3, M4A, FLAC, video ..."
    )
    parser.add_argument("--model", help="one of the service's models (default: the service's choice)")
    parser.add_argument("--language", help="language that is spoken, such as en or de (default: detected)")
    parser.add_argument("--task", choices=("transcribe", "translate"), help="translate means: into English")
    parser.add_argument("--prompt", help="text that sets style and spelling")
    parser.add_argument("--format", choices=FORMATS, default="txt", help="default: txt")
    parser.add_argument(
        "--output", type=Path, metavar="PATH", help="file, or folder for several, instead of the screen"
    )
    parser.add_argument(
        "--service", metavar="URL", help="service to use (default: this machine's, else the last login)"
    )
    parser.set_defaults(run=run)


@dataclass(frozen=True)
class Sent:
    """A file that the service has, and the job that it became."""

    path: Path
    job: dict[str, Any]


def run(given: argparse.Namespace) -> int:
    for path in given.files:
        check(path)
    write = writer(given.output, several=len(given.files) > 1, extension=given.format)
    options = {name: getattr(given, name) for name in ("model", "language", "task", "prompt")}
    options = {name: value for name, value in options.items() if value is not None}
    api = session.connect(given.service)
    terminal.messages().print(f"[dim]service {api.base}[/]")
    troubles: list[Exit] = []
    sent: list[Sent] = []
    try:
        for path in given.files:
            try:
                sent.append(send(api, path, options))
            except SottoError as error:
                terminal.complain(error, path.name)
                troubles.append(exit_of(error))
        for one in sent:
            try:
                troubles.append(finish(api, one, given.format, write))
            except SottoError as error:
                terminal.complain(error, one.path.name)
                troubles.append(exit_of(error))
    except KeyboardInterrupt:
        for one in sent:
            job_id = one.job["id"]
            terminal.messages().print(f"{one.path.name}: job {job_id} goes on; see `sotto jobs show {job_id}`")
        raise
    finally:
        api.close()
    return next((trouble for trouble in troubles if trouble is not Exit.OK), Exit.OK)


def check(path: Path) -> None:
    """Refuse before anything is uploaded. Raises InvalidInput, RecordingEmpty."""
    if not path.is_file():
        raise InvalidInput("FILE", expected="a file", found=str(path), hint="Check the path.")
    if path.stat().st_size == 0:
        raise RecordingEmpty(f"{path.name}: expected a recording, found an empty file")


def writer(output: Path | None, *, several: bool, extension: str) -> Callable[[Path, str], None]:
    """Where a transcript goes: the screen, one file, or a file beside its namesakes in a folder."""
    if output is None:
        return lambda _, text: terminal.write(text)
    if several or output.is_dir():
        if output.exists() and not output.is_dir():
            raise InvalidInput("--output", expected="a folder, because there are several files", found=str(output))
        return lambda path, text: _save(output / f"{path.name}.{extension}", text)
    return lambda _, text: _save(output, text)


def _save(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(target)
    terminal.messages().print(f"wrote {target}")


def send(api: Api, path: Path, options: dict[str, str]) -> Sent:
    """Create the job and upload the recording. Without the recording the job is given up at once."""
    size = path.stat().st_size
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    answer = api.post("/jobs", {"name": path.name, "size_bytes": size, "content_type": kind, **options})
    job = answer["job"]
    with terminal.upload_bar(path.name, size) as advance:
        try:
            Uploader(api, advance).upload(path, job["id"], answer["upload"])
        except BaseException:
            _give_up(api, job["id"])
            raise
    return Sent(path, job)


def _give_up(api: Api, job_id: str) -> None:
    try:
        api.delete(f"/jobs/{job_id}/upload")
    except SottoError:
        return  # it expires by itself; the first error is the one to tell


def finish(api: Api, sent: Sent, extension: str, write: Callable[[Path, str], None]) -> Exit:
    """Wait for the job and deliver its transcript."""
    job = wait(api, sent.job["id"], sent.path.name)
    if job["status"] == JobStatus.COMPLETED:
        text = api.get_bytes(f"/jobs/{job['id']}/transcript", format=extension).decode()
        write(sent.path, text)
        return Exit.OK
    ended = {"message": f"the job ended as {job['status']}", "code": job["status"].lower(), "hint": ""}
    failure = job.get("failure") or ended
    terminal.failed(sent.path.name, failure, f"job {job['id']}, request {job['request_id']}")
    return Exit.JOB_FAILED


def wait(api: Api, job_id: str, name: str, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """The job once it is final. Looks often at first and more rarely later."""
    pause = FIRST_LOOK_S
    with terminal.status_line() as say:
        while True:
            job: dict[str, Any] = api.get(f"/jobs/{job_id}")["job"]
            if job["status"] in FINAL:
                return job
            say(describe(job, name))
            sleep(pause)
            pause = min(LONGEST_LOOK_S, pause * 1.2)


def describe(job: dict[str, Any], name: str) -> str:
    """One line for a person: what happens, and how far it is."""
    progress = job["progress"]
    if job["stage"] == "transcribing" and progress["seconds_total"]:
        done, total = progress["seconds_done"], progress["seconds_total"]
        return f"{name} {job['stage']}, {done:.0f} of {total:.0f} s"
    return f"{name} {job['stage']}"
