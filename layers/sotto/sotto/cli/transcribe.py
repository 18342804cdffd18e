"""`sotto transcribe FILE...`: upload, wait, print or write the transcripts.

Several recordings are worked on side by side; results come in the order of the command. One recording's trouble does
not stop the others: the exit status is that of the first trouble.
"""

from __future__ import annotations

import argparse
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from tempfile import TemporaryDirectory

from sotto.cli import arguments, recordings, results, terminal, unfinished
from sotto.cli.board import Board, Line, board
from sotto.cli.exits import Exit, exit_of, unusable
from sotto.cli.recordings import Recording
from sotto.client import Interrupted, NotFound, ServiceError, Sotto, Unavailable
from sotto.client.jobs import Accepted, Job, Labels, MultipartUpload, Options
from sotto.client.transcripts import FORMATS
from sotto.client.uploads import File
from sotto.domain.errors import InvalidInput, SottoError

PARALLEL = 4
HEARD_WITHIN_S = 1.0
"""How late a Ctrl-C is noticed that comes just as a wait begins: Python looks for one between its steps only."""
COMPLETED = "COMPLETED"


def register(subparsers: arguments.Subparsers) -> None:
    parser = arguments.command(
        subparsers,
        "transcribe",
        "upload recordings and print what was said",
        "transcribe talk.mp3",
        "transcribe talk.mp3 --format srt --output talk.srt",
        "transcribe interviews/ 'calls/**/*.wav' --output texts --parallel 8",
        "transcribe --language de --hotwords 'Sotto, Whisper' talk.mp3",
        "transcribe https://example.org/talk.mp3",
        "transcribe - --name memo.ogg < memo.ogg",
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a recording, a folder, a pattern, an address, or - for stdin"
    )
    arguments.add_options(parser)
    parser.add_argument("--title", help="what to call the job")
    parser.add_argument("--tag", action="append", default=[], help="a word to find the job by, again for more")
    parser.add_argument("--format", choices=FORMATS, default="txt", help="default: txt")
    parser.add_argument("--output", metavar="PATH", help="file, or folder for several, instead of the screen")
    parser.add_argument("--parallel", type=int, default=PARALLEL, metavar="N", help="at the same time (default 4)")
    parser.add_argument("--name", default="stdin", help="what a recording from standard input is called")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each recording")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    if given.parallel < 1:
        raise InvalidInput("--parallel", expected="1 or more", found=given.parallel)
    with TemporaryDirectory(prefix="sotto-") as spool_path:
        found = recordings.find(given.files, spool_path, given.name)
        deliver = results.delivery(given.output, given.format, [one.label for one in found], as_json=given.json)
        with arguments.connect(given) as client:
            terminal.messages().print(f"[dim]service {client.base}[/]")
            return _all(client, found, arguments.options_of(given), given, deliver)


def _all(
    client: Sotto, found: list[Recording], options: Options, given: argparse.Namespace, deliver: results.Delivery
) -> int:
    labels: Labels = {"title": given.title, "tags": given.tag}
    troubles: list[Exit] = []
    stopping = threading.Event()
    with board() as screen, ThreadPoolExecutor(max_workers=given.parallel) as pool:
        work = [
            pool.submit(_one, client, recording, options, labels, given.format, screen, stopping) for recording in found
        ]
        try:
            for recording, future in zip(found, work, strict=True):
                troubles.append(_deliver(recording, future, deliver, screen))
        except KeyboardInterrupt:
            stopping.set()
            client.interrupt()
            pool.shutdown(wait=True, cancel_futures=True)
            terminal.messages().print(
                "the same command goes on where it was interrupted; `sotto jobs list` has the jobs"
            )
            raise
    return next((trouble for trouble in troubles if trouble is not Exit.OK), Exit.OK)


def _deliver(recording: Recording, future: Future[results.Done], deliver: results.Delivery, screen: Board) -> Exit:
    while not future.done():
        wait([future], timeout=HEARD_WITHIN_S)
    trouble: SottoError | ServiceError
    try:
        done = future.result()
        with screen.aside():
            deliver.done(recording.label, done)
    except (SottoError, ServiceError) as error:
        trouble = error
    except OSError as error:
        if error.filename is None:  # standard output is full or gone, for the other recordings too
            raise
        trouble = unusable(error)
    else:
        return Exit.OK
    with screen.aside():
        terminal.complain(trouble, recording.label)
        deliver.trouble(recording.label, trouble)
    return exit_of(trouble)


def _one(
    client: Sotto,
    recording: Recording,
    options: Options,
    labels: Labels,
    extension: str,
    screen: Board,
    stopping: threading.Event,
) -> results.Done:
    """Everything that happens to one recording, in a thread of its own. `stopping` is heard between two calls too."""

    def look(job: Job) -> None:
        if stopping.is_set():
            raise Interrupted("the wait was interrupted")
        line.look(job)

    with unfinished.slot(client.base, recording.path, options) as slot, screen.line(recording.label) as line:
        job = client.wait(_sent(client, recording, options, labels, slot, line).id, look)
        if job.status != COMPLETED:
            slot.forget()
            raise job.ended
        content = client.get_transcript(job.id, extension)
        slot.forget()
        return results.Done(job, content)


def _sent(
    client: Sotto, recording: Recording, options: Options, labels: Labels, slot: unfinished.Slot, line: Line
) -> Job:
    """The recording's job, with nothing left to upload: the one of an earlier try if there is one."""
    if recording.url:
        return client.fetch_job(recording.url, options, title=labels.get("title"), tags=labels.get("tags", ())).job
    if recording.file is None:
        raise InvalidInput("FILE", expected="a file or an address", found=recording.label)
    work = slot.read()
    job = _unfinished(client, work.job_id) if work else None
    if work and job and (work.uploaded or job.status != "AWAITING_UPLOAD"):
        return job
    if work and work.parts and job:
        return _upload(client, Accepted(job=job, upload=work.parts), recording.file, slot, line, resume=True)
    accepted = client.announce(recording.file, options, title=labels.get("title"), tags=labels.get("tags", ()))
    slot.begin(accepted)
    return _upload(client, accepted, recording.file, slot, line, resume=False)


def _unfinished(client: Sotto, job_id: str) -> Job | None:
    """The job of an earlier try, unless it is gone or has ended without a transcript."""
    try:
        job = client.get_job(job_id)
    except NotFound:
        return None
    return None if job.is_final and job.status != COMPLETED else job


def _upload(client: Sotto, accepted: Accepted, file: File, slot: unfinished.Slot, line: Line, *, resume: bool) -> Job:
    """Bring the recording. Parts that have arrived wait for the next try; any other half job is removed."""
    try:
        line.upload(file.size_bytes)
        client.upload(accepted, file, line.advance, resume=resume)
    except (ServiceError, OSError) as error:
        later = isinstance(error, (Interrupted, Unavailable)) and file.title is None
        if not (later and isinstance(accepted.upload, MultipartUpload)):
            slot.forget()
            client.give_up(accepted.job.id)
        raise
    slot.uploaded(accepted.job.id)
    return accepted.job
