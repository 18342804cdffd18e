"""An HTTP server on loopback, for as long as a test needs one."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from infra.local.ports import LOOPBACK


class Quiet:
    """Beside BaseHTTPRequestHandler: no log."""

    def log_message(self, *_: object) -> None:
        return


class HttpServer:
    """`with` starts and stops it; before, `server` may be changed. Port 0 is a free one."""

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        self.server = ThreadingHTTPServer((LOOPBACK, port), handler)
        self.url = f"http://{LOOPBACK}:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()
