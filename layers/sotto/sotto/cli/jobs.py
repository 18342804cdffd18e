"""`sotto jobs list|show|delete|cancel|retry`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from sotto.cli import session, terminal
from sotto.cli.exits import Exit
from sotto.cli.transcribe import FORMATS


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("jobs", help="look after your jobs")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="newest first")
    listing.add_argument("--limit", type=int, default=20, help="how many at most, 1 to 100 (default 20)")
    listing.set_defaults(run=list_jobs)
    show = commands.add_parser("show", help="one job, or its transcript")
    show.add_argument("--format", choices=FORMATS, help="print the transcript in this format instead")
    show.set_defaults(run=show_job)
    delete = commands.add_parser("delete", help="remove a job, its recording and its transcript")
    delete.set_defaults(run=delete_job)
    cancel = commands.add_parser("cancel", help="stop a job")
    cancel.set_defaults(run=cancel_job)
    retry = commands.add_parser("retry", help="run a failed job again, without another upload")
    retry.set_defaults(run=retry_job)
    for command in (show, delete, cancel, retry):
        command.add_argument("id", metavar="ID")
    for command in (listing, show):
        command.add_argument("--json", action="store_true", help="the API's own answer")
    for command in (listing, show, delete, cancel, retry):
        command.add_argument("--service", metavar="URL", help="service to use")


def list_jobs(given: argparse.Namespace) -> int:
    answer = session.connect(given.service).get("/jobs", limit=given.limit)
    if given.json:
        terminal.write(json.dumps(answer, ensure_ascii=False, indent=1))
        return Exit.OK
    for job in answer["jobs"]:
        created = job["timings"]["created_at"]
        terminal.write(f"{job['id']}  {job['status']:<15}  {created}  {_length(job):>7}  {job['name']}")
    if answer["next_cursor"]:
        terminal.messages().print(f"[dim]there are more; the newest {given.limit} are shown (--limit)[/]")
    return Exit.OK


def show_job(given: argparse.Namespace) -> int:
    api = session.connect(given.service)
    if given.format:
        terminal.write(api.get_bytes(f"/jobs/{given.id}/transcript", format=given.format).decode())
        return Exit.OK
    job = api.get(f"/jobs/{given.id}")["job"]
    if given.json:
        terminal.write(json.dumps(job, ensure_ascii=False, indent=1))
        return Exit.OK
    progress, options = job["progress"], job["options"]
    lines = {
        "id": job["id"],
        "name": job["name"],
        "status": f"{job['status']} ({job['stage']})",
        "length": _length(job),
        "language": job["language"] or "-",
        "model": f"{options['model']}, {options['task']}",
        "progress": f"{progress['seconds_done']:.0f} of {progress['seconds_total']:.0f} s",
        "attempt": str(job["attempt"]),
        **{moment.removesuffix("_at"): when for moment, when in job["timings"].items() if when},
    }
    if failure := job["failure"]:
        lines |= {"failure": f"{failure['message']} ({failure['code']})", "hint": failure["hint"]}
    terminal.write("\n".join(f"{name:<10} {value}" for name, value in lines.items()))
    return Exit.OK


def delete_job(given: argparse.Namespace) -> int:
    session.connect(given.service).delete(f"/jobs/{given.id}")
    terminal.messages().print(f"deleted {given.id}")
    return Exit.OK


def cancel_job(given: argparse.Namespace) -> int:
    return _move(given, "cancel")


def retry_job(given: argparse.Namespace) -> int:
    return _move(given, "retry")


def _move(given: argparse.Namespace, verb: str) -> int:
    job = session.connect(given.service).post(f"/jobs/{given.id}/{verb}", {})["job"]
    terminal.messages().print(f"{job['id']} is {job['status']}")
    return Exit.OK


def _length(job: dict[str, Any]) -> str:
    seconds = job["duration_s"]
    return "-" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
