"""The routes of functions/ops."""

from __future__ import annotations

from sotto.entry.openapi.route import JSON, Door, Reply, Route
from sotto.entry.ops_shapes import DeployedAnswer, LiveAnswer, ReadyAnswer

OPS = Door(
    "ops",
    "Life signs",
    "Whether the service lives and is ready. No token is needed.",
    (
        Route("GET", "/livez", "livez", "A function answers.", {200: LiveAnswer}),
        Route(
            "GET",
            "/readyz",
            "readyz",
            "What the service needs is there: 200, or 503 with the names of what is not. The log says why.",
            {200: ReadyAnswer, 503: Reply("Something that the service needs is not there.", {JSON: ReadyAnswer})},
        ),
        Route(
            "GET",
            "/openapi.json",
            "openapi",
            "This document.",
            {200: Reply("OpenAPI 3.1.", {JSON: {"type": "object"}})},
            tagged=True,
        ),
        Route("GET", "/version", "version", "What is deployed here.", {200: DeployedAnswer}),
    ),
)
