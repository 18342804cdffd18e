"""Brings a recording to the bucket by signed address, straight from disk: one PUT, or parts side by side.

A broken connection costs one PUT or one part, not the upload. A part whose address has expired is signed again. Parts
that have arrived are not sent again: `send` with `resume` asks which are missing, from any machine that has the file.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import httpx

from sotto.client import jobs
from sotto.client.answers import Answer, read_all
from sotto.client.answers import send as tell
from sotto.client.errors import Refused, ServiceError, Unavailable, unreachable
from sotto.client.flow import Flow, Pause, Request, Together, at
from sotto.client.jobs import Accepted, Job, MultipartUpload, Options, PutUpload
from sotto.client.patience import TRIES, ask, pause

PIECE_BYTES = 256 * 1024
ONE_REQUEST_BYTES = 100 * 1024 * 1024
"""What the service takes in one request, and checks against its SHA-256 then."""
SIDE_BY_SIDE = 4
Advance = Callable[[int], None]
"""Called with the bytes that were sent since the last call; negative when they must be sent again."""


class Source(Protocol):
    """A recording that can be read from any place, again and again."""

    @property
    def name(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    def pieces(self, start: int, length: int) -> Iterator[bytes]: ...


@dataclass(frozen=True)
class File:
    """A recording on disk. `title` is its name for the service, if that is another one."""

    path: Path
    title: str | None = None

    @property
    def name(self) -> str:
        return self.title or self.path.name

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size

    def pieces(self, start: int, length: int) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(start)
            left = length
            while left:
                piece = file.read(min(PIECE_BYTES, left))
                if not piece:
                    raise Refused(
                        f"{self.name}: expected {length} bytes from {start}, found {left} fewer",
                        code="recording_replaced",
                        hint="The file changed while it was read; start again.",
                    )
                left -= len(piece)
                yield piece


@dataclass(frozen=True)
class Bytes:
    """A recording in memory."""

    name: str
    content: bytes

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    def pieces(self, start: int, length: int) -> Iterator[bytes]:
        for begin in range(start, start + length, PIECE_BYTES):
            yield self.content[begin : min(begin + PIECE_BYTES, start + length)]


class Part(Answer):
    """A part that has arrived."""

    number: int
    etag: str
    size_bytes: int


class SignedPart(Answer):
    number: int
    url: str


def submit(
    recording: Source,
    options: Options | None = None,
    advance: Advance | None = None,
    *,
    title: str | None = None,
    tags: Sequence[str] = (),
) -> Flow[Job]:
    """Make a job for the recording and upload it. Without the recording the job is given up at once."""
    accepted = yield from announce(recording, options, title=title, tags=tags)
    try:
        yield from send(accepted, recording, advance)
    except (ServiceError, OSError):
        yield from give_up(accepted.job.id)
        raise
    return accepted.job


def announce(
    recording: Source, options: Options | None = None, *, title: str | None = None, tags: Sequence[str] = ()
) -> Flow[Accepted]:
    """Make a job for the recording; `send` uploads it."""
    kind = mimetypes.guess_type(recording.name)[0] or "application/octet-stream"
    sha256 = _sha256(recording) if recording.size_bytes <= ONE_REQUEST_BYTES else None
    return jobs.create(recording.name, recording.size_bytes, kind, options, title=title, tags=tags, sha256=sha256)


def _sha256(recording: Source) -> str:
    found = hashlib.sha256()
    for piece in recording.pieces(0, recording.size_bytes):
        found.update(piece)
    return found.hexdigest()


def send(accepted: Accepted, recording: Source, advance: Advance | None = None, *, resume: bool = False) -> Flow[None]:
    """Send the recording the way that `accepted` says. `resume`: only the parts that have not arrived."""
    advance = advance or (lambda _: None)
    if isinstance(accepted.upload, PutUpload):
        upload = accepted.upload

        def signed() -> Flow[str]:
            return upload.url
            yield  # a flow without steps

        yield from _put(recording, 0, recording.size_bytes, signed, upload.headers, advance)
    elif accepted.upload is not None:
        yield from _multipart(accepted.job.id, accepted.upload, recording, advance, resume=resume)


def _multipart(
    job_id: str, upload: MultipartUpload, recording: Source, advance: Advance, *, resume: bool
) -> Flow[None]:
    total, size = recording.size_bytes, upload.part_size_bytes

    def length(number: int) -> int:
        return min(size, total - (number - 1) * size)

    found = (yield from parts(job_id)) if resume else []
    etags = {part.number: part.etag for part in found if part.size_bytes == length(part.number)}
    advance(sum(map(length, etags)))

    def bring(number: int) -> Flow[tuple[int, str]]:
        etag = yield from _put(
            recording, (number - 1) * size, length(number), lambda: sign(job_id, number), {}, advance
        )
        return number, etag

    missing = [number for number in range(1, upload.part_count + 1) if number not in etags]
    etags.update((yield Together([bring(number) for number in missing], SIDE_BY_SIDE)))
    listed = [{"number": number, "etag": etags[number]} for number in sorted(etags)]
    yield from ask(Request("POST", at("/jobs/{}/upload/complete", job_id), body={"parts": listed}))


def parts(job_id: str) -> Flow[list[Part]]:
    """The parts of a multipart upload that have arrived."""
    return read_all(Request("GET", at("/jobs/{}/upload/parts", job_id)), Part, "parts")


def sign(job_id: str, number: int) -> Flow[str]:
    """A short-lived address for one part."""
    request = Request("POST", at("/jobs/{}/upload/parts", job_id), body={"numbers": [number]})
    (signed,) = yield from read_all(request, SignedPart, "parts")
    return signed.url


def abort(job_id: str) -> Flow[None]:
    """End a multipart upload; what has arrived is removed and the job is CANCELLED."""
    return tell(Request("DELETE", at("/jobs/{}/upload", job_id)))


def give_up(job_id: str) -> Flow[None]:
    """Leave no half job behind, if that can be done: what stays expires by itself."""
    try:
        yield from jobs.delete(job_id)
    except ServiceError:
        return


def _put(
    recording: Source,
    start: int,
    length: int,
    signed: Callable[[], Flow[str]],
    headers: dict[str, str],
    advance: Advance,
) -> Flow[str]:
    """PUT a stretch of the recording, again if need be. Returns the ETag, without quotes."""
    tries = 0
    while True:
        tries += 1
        count = _Count(advance)
        url = yield from signed()
        request = Request(
            "PUT",
            url,
            content=lambda count=count: count.of(recording.pieces(start, length)),  # type: ignore[misc]
            headers={**headers, "Content-Length": str(length)},
        )
        try:
            answer: httpx.Response = yield request
        except httpx.TransportError as lost:
            error: ServiceError = unreachable("the bucket", lost)
            again = True
        else:
            if answer.is_success:
                return str(answer.headers.get("etag", "")).strip('"')
            error, again = _refusal(answer.status_code), _worth_trying(answer.status_code)
        count.take_back()
        if tries >= TRIES or not again:
            raise error
        yield Pause(pause(tries - 1))


class _Count:
    """Counts what one try has sent, so that it can be taken back."""

    def __init__(self, advance: Advance) -> None:
        self._advance, self._bytes = advance, 0

    def of(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            self._bytes += len(piece)
            self._advance(len(piece))

    def take_back(self) -> None:
        self._advance(-self._bytes)


def _worth_trying(status: int) -> bool:
    """403 is an expired signature, among others: parts are signed again by the next try."""
    return status in (403, 408, 429) or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _refusal(status: int) -> ServiceError:
    message = f"the bucket: expected the recording to be taken, found status {status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(message, status=status)
    hint = "The address of an upload lives for a limited time; start again."
    return Refused(message, hint=hint, status=status)
