"""A gateway on loopback before one function: real HTTP in, proxy events as API Gateway makes them, real HTTP out."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from sotto.entry.principal import principal_to_context
from tests.examples import PRINCIPAL
from tests.http_server import HttpServer, Quiet

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class LambdaContext:
    function_name = "test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:test"
    aws_request_id = "invocation-1"


@contextmanager
def served(handler: Handler) -> Iterator[tuple[str, list[int]]]:
    """The base URL of the API, and the statuses that it has answered so far."""
    answered: list[int] = []

    class Door(Quiet, BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found = handler(_event(self, body), LambdaContext())
            content = found["body"]
            raw = base64.b64decode(content) if found.get("isBase64Encoded") else content.encode()
            answered.append(found["statusCode"])
            self.send_response(found["statusCode"])
            for name, values in found["multiValueHeaders"].items():
                for value in values:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    with HttpServer(Door) as server:
        yield f"{server.url}/v1", answered


def _event(request: BaseHTTPRequestHandler, body: bytes) -> dict[str, Any]:
    path = request.path.removeprefix("/v1")
    headers = dict(request.headers.items())
    context: dict[str, str] = {}
    if request.headers.get("Authorization") == f"Bearer {PRINCIPAL.credential}":
        context = principal_to_context(PRINCIPAL)
    return {
        "httpMethod": request.command,
        "resource": path,
        "path": path,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
        "requestContext": {"requestId": str(uuid.uuid4()), "stage": "v1", "authorizer": context},
    }
