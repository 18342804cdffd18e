"""Refuses an object that the disk does not take.

MiniStack writes a warning to its log, keeps the object in memory, and says that it is stored: it would be gone with the
next stop. A part's text, a transcript or an upload is then no success but 503, and whoever sent it tries again. Used
inside the emulator's environment (checkpoints.py), so it may import nothing of Sotto.
"""

# ruff: noqa: SLF001 - reaching into the pinned MiniStack is what this file is for

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from ministack.services import s3

Scope = dict[str, Any]
Send = Callable[[Any], Awaitable[None]]
Serve = Callable[[Scope, Any, Send], Awaitable[None]]
REFUSAL = b"<Error><Code>ServiceUnavailable</Code><Message>The disk of this machine is full.</Message></Error>"
_failures: ContextVar[list[OSError]] = ContextVar("failures")
"""What the disk refused while the present request was served."""


def refuse(serve: Serve) -> Serve:
    """`serve`, whose answer is 503 where an object could not be written whole."""
    write = s3._atomic_write

    def write_or_note(*what: Any, **how: Any) -> None:
        try:
            write(*what, **how)
        except OSError as error:
            _failures.get([]).append(error)
            raise

    s3._atomic_write = write_or_note

    async def serve_and_tell(scope: Scope, receive: Any, send: Send) -> None:
        failures: list[OSError] = []
        _failures.set(failures)

        async def send_or_refuse(message: Any) -> None:
            if not failures:
                await send(message)
            elif message["type"] == "http.response.start":
                headers = [(b"content-type", b"application/xml"), (b"content-length", b"%d" % len(REFUSAL))]
                await send({"type": "http.response.start", "status": 503, "headers": headers})
                await send({"type": "http.response.body", "body": REFUSAL})

        await serve(scope, receive, send_or_refuse)

    return serve_and_tell
