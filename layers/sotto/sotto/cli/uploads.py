"""Brings a recording to the bucket by presigned URL, straight from disk: one PUT, or parts side by side.

A broken connection costs one PUT or one part, not the upload. A URL that has expired is signed again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from sotto.cli.api import CONNECT_WITHIN_S, TRIES, Api, Sleep, pause, unreachable
from sotto.domain.errors import RecordingReplaced, Rejected, Unavailable

PIECE_BYTES = 256 * 1024
SIDE_BY_SIDE = 4
ANSWER_WITHIN_S = 120.0
Progress = Callable[[int], None]
"""Called with the bytes that were sent since the last call; negative when they must be sent again."""


class Uploader:
    """One recording at a time. `progress` hears of every piece that left this machine."""

    def __init__(self, api: Api, progress: Progress, sleep: Sleep = time.sleep) -> None:
        self._api, self._progress, self._sleep = api, progress, sleep
        timeout = httpx.Timeout(ANSWER_WITHIN_S, connect=CONNECT_WITHIN_S)
        self._client = httpx.Client(timeout=timeout, follow_redirects=False)

    def upload(self, path: Path, job_id: str, upload: dict[str, Any]) -> None:
        """Send the file the way that `upload` (of the answer to POST /jobs) says. Raises Unavailable, Rejected."""
        size = path.stat().st_size
        try:
            if upload["kind"] == "put":
                self._put(path, 0, size, lambda: str(upload["url"]), upload["headers"])
            else:
                self._multipart(path, size, job_id, upload)
        finally:
            self._client.close()

    def _multipart(self, path: Path, size: int, job_id: str, upload: dict[str, Any]) -> None:
        part_bytes, count = int(upload["part_size_bytes"]), int(upload["part_count"])

        def send(number: int) -> dict[str, Any]:
            def sign() -> str:
                answer = self._api.post(f"/jobs/{job_id}/upload/parts", {"numbers": [number]})
                return str(answer["parts"][0]["url"])

            start = (number - 1) * part_bytes
            etag = self._put(path, start, min(part_bytes, size - start), sign, {})
            return {"number": number, "etag": etag}

        with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
            try:
                parts = list(pool.map(send, range(1, count + 1)))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self._api.post(f"/jobs/{job_id}/upload/complete", {"parts": parts})

    def _put(self, path: Path, start: int, length: int, sign: Callable[[], str], headers: dict[str, str]) -> str:
        """PUT a stretch of the file, again if need be. Returns the ETag."""
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            sent = _Sent(self._progress)
            try:
                answer = self._client.put(
                    sign(),
                    content=_pieces(path, start, length, sent),
                    headers={**headers, "Content-Length": str(length)},
                )
            except httpx.TransportError as error:
                sent.take_back()
                if last:
                    raise unreachable("the bucket", error) from error
            else:
                if answer.is_success:
                    return str(answer.headers.get("etag", ""))
                sent.take_back()
                if last or not _worth_trying(answer.status_code):
                    raise _refused(answer.status_code)
            self._sleep(pause(attempt))
        raise AssertionError("the last try returns or raises")


class _Sent:
    """Counts what one try has sent, so that it can be taken back."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._bytes = progress, 0

    def add(self, count: int) -> None:
        self._bytes += count
        self._progress(count)

    def take_back(self) -> None:
        self._progress(-self._bytes)
        self._bytes = 0


def _pieces(path: Path, start: int, length: int, sent: _Sent) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = length
        while left:
            piece = file.read(min(PIECE_BYTES, left))
            if not piece:
                raise RecordingReplaced(f"{path.name}: expected {length} bytes from {start}, found {left} fewer")
            left -= len(piece)
            yield piece
            sent.add(len(piece))


def _worth_trying(status: int) -> bool:
    """403 is an expired signature, among others: parts are signed again by the next try."""
    return status in (403, 408, 429) or status >= httpx.codes.INTERNAL_SERVER_ERROR


def _refused(status: int) -> Rejected | Unavailable:
    message = f"the bucket: expected the recording to be taken, found status {status}"
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Unavailable(message)
    return Rejected(message, hint="The address of an upload lives for a limited time; start the command again.")
