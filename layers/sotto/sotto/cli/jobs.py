"""`sotto jobs ...`: look after jobs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from sotto.cli import arguments, terminal
from sotto.cli.board import board
from sotto.cli.exits import Exit, exit_of
from sotto.client import ServiceError, Sotto
from sotto.client.jobs import Job, Labels
from sotto.client.usage import Queue
from sotto.domain.errors import InvalidInput


def register(subparsers: arguments.Subparsers) -> None:
    commands = arguments.group(subparsers, "jobs", "look after your jobs")
    listing = arguments.command(
        commands, "list", "your jobs, newest first", "jobs list --limit 5", "jobs list --status FAILED --tag interviews"
    )
    listing.add_argument("--status", help="one, or several with commas between")
    listing.add_argument("--model", help="transcribed with this model")
    listing.add_argument("--language", help="spoken in this language")
    listing.add_argument("--tag", help="has this tag")
    listing.add_argument("--text", help="part of the title or the file's name")
    arguments.add_days(listing)
    arguments.add_limit(listing)
    listing.set_defaults(run=list_jobs)
    show = arguments.command(commands, "show", "one job with its progress", "jobs show 01K...")
    show.add_argument("id", metavar="ID")
    show.set_defaults(run=show_job)
    for shown in (listing, show):
        arguments.add_json(shown)
    wait = arguments.command(commands, "wait", "wait until jobs have ended", "jobs wait 01K... && echo done")
    wait.set_defaults(run=wait_for_jobs)
    cancel = arguments.command(
        commands, "cancel", "stop jobs; workers notice within seconds", "jobs cancel 01K... 01L..."
    )
    cancel.set_defaults(run=cancel_jobs)
    delete = arguments.command(
        commands,
        "delete",
        "remove jobs, their recordings and their transcripts, for good",
        "jobs delete 01K... --receipts .",
    )
    delete.add_argument("--receipts", metavar="FOLDER", type=Path, help="write the signed receipts there, as ID.json")
    delete.set_defaults(run=delete_jobs)
    retry = arguments.command(
        commands,
        "retry",
        "run ended jobs again, without another upload",
        "jobs retry 01K...",
        "jobs retry 01K... --model large-v3 --language de",
    )
    arguments.add_options(retry)
    retry.set_defaults(run=retry_jobs)
    label = arguments.command(
        commands,
        "label",
        "change a job's title or tags",
        "jobs label 01K... --title 'Board, May' --tag board --tag 2026",
    )
    label.add_argument("id", metavar="ID")
    label.add_argument("--title", help="an empty one takes it away")
    label.add_argument(
        "--tag", action="append", help="in place of all tags it has, again for more; an empty one for none"
    )
    label.set_defaults(run=label_job)
    for several in (wait, cancel, delete, retry):
        several.add_argument("ids", nargs="+", metavar="ID")


def list_jobs(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        found = client.list_jobs(
            status=given.status,
            model=given.model,
            language=given.language,
            tag=given.tag,
            text=given.text,
            first_day=given.first_day,
            last_day=given.last_day,
        )
        page = arguments.first(found, given.limit)
    arguments.print_page(given, "jobs", page, map(_line, page.items))
    return Exit.OK


def _line(job: Job) -> str:
    return f"{job.id}  {job.status:<15}  {job.timings.created_at}  {_length(job):>7}  {job.title or job.name}"


def show_job(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        standing = client.get_standing(given.id)
    job, queue = standing.job, standing.queue
    if given.json:
        arguments.print_json(standing)
        return Exit.OK
    moments = job.timings.model_dump()
    lines = {
        "id": job.id,
        "name": job.name,
        **({"title": job.title} if job.title else {}),
        **({"tags": ", ".join(job.tags)} if job.tags else {}),
        "status": f"{job.status} ({job.stage})",
        "length": _length(job),
        "language": job.language or "-",
        "model": f"{job.options['model']}, {job.options['task']}",
        "progress": f"{job.progress.seconds_done:.0f} of {job.progress.seconds_total:.0f} s",
        **({"queue": _place(queue)} if queue else {}),
        **({"cost": f"{standing.cost:.2f}"} if standing.cost is not None else {}),
        "attempt": str(job.attempt),
        **{moment.removesuffix("_at"): when for moment, when in moments.items() if when},
        **({"warnings": " ".join(job.warnings)} if job.warnings else {}),
    }
    if job.failure:
        failure = f"{job.failure.message} ({job.failure.code})"
        lines |= {"failure": failure, "hint": job.failure.hint, "request": job.request_id}
    terminal.write("\n".join(f"{name:<10} {value}" for name, value in lines.items()))
    return Exit.OK


def _place(queue: Queue) -> str:
    done = "" if queue.expected_s is None else f", done in about {terminal.clock(queue.expected_s)}"
    return f"{queue.position} before it{done}"


def wait_for_jobs(given: argparse.Namespace) -> int:
    def wait(client: Sotto, job_id: str) -> None:
        with board() as screen, screen.line(job_id) as line:
            job = client.wait(job_id, line.look)
        if job.status != "COMPLETED":
            raise job.ended
        terminal.messages().print(f"{job.id} is {job.status}")

    return _each(given, wait)


def cancel_jobs(given: argparse.Namespace) -> int:
    return _each(given, lambda client, job_id: _say(client.cancel_job(job_id)))


def retry_jobs(given: argparse.Namespace) -> int:
    options = arguments.options_of(given)
    return _each(given, lambda client, job_id: _say(client.retry_job(job_id, options)))


def label_job(given: argparse.Namespace) -> int:
    changes: Labels = {}
    if given.title is not None:
        changes["title"] = given.title or None
    if given.tag is not None:
        changes["tags"] = [tag for tag in given.tag if tag]
    if not changes:
        raise InvalidInput("jobs label", expected="--title or --tag", found="neither")
    with arguments.connect(given) as client:
        job = client.label_job(given.id, **changes)
    terminal.messages().print(
        terminal.escaped(f"{job.id} is {job.title or job.name}, {', '.join(job.tags) or 'no tags'}")
    )
    return Exit.OK


def delete_jobs(given: argparse.Namespace) -> int:
    def delete(client: Sotto, job_id: str) -> None:
        signed = client.delete_job(job_id)
        if given.receipts:
            (given.receipts / f"{job_id}.json").write_text(signed.model_dump_json(indent=1))
        terminal.messages().print(f"deleted {job_id}")

    return _each(given, delete)


def _each(given: argparse.Namespace, act: Callable[[Sotto, str], None]) -> int:
    """One job's trouble does not keep the others from their turn; the exit status is that of the first trouble."""
    first = Exit.OK
    with arguments.connect(given) as client:
        for job_id in given.ids:
            try:
                act(client, job_id)
            except ServiceError as error:
                terminal.complain(error)
                first = exit_of(error) if first is Exit.OK else first
    return first


def _say(job: Job) -> None:
    terminal.messages().print(f"{job.id} is {job.status}")


def _length(job: Job) -> str:
    seconds = job.duration_s
    return "-" if seconds is None else terminal.clock(seconds)
