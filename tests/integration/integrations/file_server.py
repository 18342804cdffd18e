"""Somebody else's file server on loopback: serves ranges, redirects and trouble as it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.http_server import HttpServer, Quiet


@dataclass
class FileServer:
    """`content` by path; `says` are a path's status and headers; `cut` ends each body after so many bytes."""

    url: str = ""
    content: dict[str, bytes] = field(default_factory=dict)
    says: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    validator: str | None = '"1"'
    says_size: bool = True
    ranges: bool = True
    cut: int | None = None
    got: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[FileServer]:
    files = FileServer()

    class Door(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            files.got.append(headers)
            path = self.path.partition("?")[0]
            if path in files.says:
                status, more = files.says[path]
                return self._answer(status, more, b"")
            if path not in files.content:
                return self._answer(404, {}, b"<h1>secret words of the server</h1>")
            content, more = files.content[path], {"ETag": files.validator} if files.validator else {}
            asked = headers.get("range", "")
            if files.ranges and asked and headers.get("if-range") == files.validator:
                first = int(asked.removeprefix("bytes=").rstrip("-"))
                more["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
                return self._answer(206, more, content[first:])
            return self._answer(200, more, content)

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if files.says_size:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: files.cut])

    with HttpServer(Door) as server:
        files.url = server.url
        yield files
