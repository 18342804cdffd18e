"""A small HTTP server in the place of the transcribe container: it answers what the test tells it to."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler
from queue import Queue
from typing import Any

from tests.http_server import HttpServer, Quiet


class Worker(HttpServer):
    """`answers` maps a job's id to the answers that its parts get, one after the other; the last one stays."""

    def __init__(self, port: int = 0) -> None:
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.events: Queue[tuple[dict[str, str], dict[str, Any]]] = Queue()
        self.ready = True
        self.hold = threading.Event()
        self.hold.set()
        worker = self

        class Answer(Quiet, BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if worker.ready else 503)
                self.send_header("content-length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                worker.events.put((headers, body))
                worker.hold.wait(30)
                answers = worker.answers.get(body["job_id"], [(200, {}, b"OK")])
                status, more, said = answers.pop(0) if len(answers) > 1 else answers[0]
                if status == 0:  # die without an answer
                    self.connection.close()
                    return
                self.send_response(status)
                for name, value in {**more, "content-length": str(len(said))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

        super().__init__(Answer, port)

    def __exit__(self, *_: object) -> None:
        self.hold.set()
        super().__exit__()
