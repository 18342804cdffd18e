"""Somebody else's server on loopback: answers what it is told to, and keeps what it was sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from ssl import SSLContext

from tests.http_server import HttpServer, Quiet


@dataclass
class Receiver:
    url: str = ""
    answers: list[int] = field(default_factory=list)
    """Statuses to answer, in turn; 204 when there are none. 0 drips a status line that never ends."""
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)


@contextmanager
def receiving(tls: SSLContext | None = None) -> Iterator[Receiver]:
    receiver, stopped = Receiver(), threading.Event()

    class Door(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            receiver.got.append((dict(self.headers.items()), body))
            status = receiver.answers.pop(0) if receiver.answers else 204
            if status == 0:
                return self._drip()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
            return None

        def _drip(self) -> None:
            with suppress(OSError):
                for byte in b"HTTP/1.1 200 " + b"O" * 10_000:
                    if stopped.is_set():
                        return
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.02)  # a byte now and then is what this receiver is about

    running = HttpServer(Door)
    running.server.daemon_threads = False
    if tls:
        running.server.socket = tls.wrap_socket(running.server.socket, server_side=True)
    receiver.url = f"http{'s' if tls else ''}://localhost:{running.server.server_port}/hook"
    with running:
        try:
            yield receiver
        finally:
            stopped.set()
