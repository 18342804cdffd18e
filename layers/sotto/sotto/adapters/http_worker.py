"""The transcribe container, seen from the event source: is it ready, and what does it say to a part.

A part goes out as a CloudEvent in binary mode: the attributes are headers, the body is the message's body untouched.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import urllib3
from urllib3.exceptions import HTTPError

from sotto.domain.errors import Failure, Rejected
from sotto.domain.events import PART_QUEUED

READY_WITHIN_S = 5.0


@dataclass(frozen=True)
class Answer:
    """What the worker said. `status` is None when there was no answer: it died, or was killed, or never started."""

    status: int | None
    retry_after_s: int = 0
    failure: Failure | None = None


class HttpWorker:
    """`url` is the container's own address; `part_within_s` bounds the longest part."""

    def __init__(self, url: str, *, part_within_s: float, connections: int) -> None:
        self._url = url.rstrip("/")
        self._part_within_s = part_within_s
        self._pool = urllib3.PoolManager(maxsize=connections, retries=False)

    def is_ready(self) -> bool:
        """Whether the worker answers and has loaded its model."""
        try:
            answer = self._pool.request("GET", f"{self._url}/readyz", timeout=READY_WITHIN_S)
        except HTTPError:
            return False
        return answer.status == HTTPStatus.OK

    def work(self, body: str, *, event_id: str, source: str, sent_ms: int) -> Answer:
        """Give the part to the worker and wait until it is done, however long that takes within the bound."""
        headers = {
            "ce-specversion": "1.0",
            "ce-id": event_id,
            "ce-type": PART_QUEUED,
            "ce-source": source,
            "ce-time": datetime.fromtimestamp(sent_ms / 1000, UTC).isoformat(timespec="milliseconds"),
            "content-type": "application/json",
        }
        timeout = urllib3.Timeout(connect=READY_WITHIN_S, read=self._part_within_s)
        try:
            answer = self._pool.request("POST", f"{self._url}/", body=body.encode(), headers=headers, timeout=timeout)
        except HTTPError:
            return Answer(status=None)
        seconds = answer.headers.get("retry-after", "")
        failure = _failure(answer.data) if answer.status >= HTTPStatus.BAD_REQUEST else None
        return Answer(answer.status, int(seconds) if seconds.isdecimal() else 0, failure)


def _failure(body: bytes) -> Failure:
    """The problem document's words; for anything else, words that say as much as is known."""
    try:
        problem = json.loads(body)
        return Failure(code=str(problem["code"]), message=str(problem["detail"]), hint=str(problem.get("hint", "")))
    except (ValueError, KeyError, TypeError):
        return Failure(Rejected.code, "The worker refused the part without saying why.", Rejected.default_hint)
