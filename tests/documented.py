"""A service that answers as docs/api/openapi.json says, and takes only what is written there.

So a client is held to the document, as tests/house and tests/unit hold the server to it.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

from tests.conftest import ROOT

Route = tuple[str, str]


@cache
def document() -> dict[str, Any]:
    return dict(json.loads((ROOT / "docs" / "api" / "openapi.json").read_text()))


class Documented:
    """`full` answers hold every value that may be null and one item of each list; else there are neither."""

    def __init__(self, *, full: bool = True) -> None:
        self.full = full
        self.asked: list[Route] = []

    def answer(self, method: str, path: str, query: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """The documented success of a request below /v1. Raises AssertionError for a request that is not documented."""
        route = self._route(method, path)
        self.asked.append(route)
        operation = document()["paths"][route[1]][method.lower()]
        _check_query(operation, query)
        _check_body(operation, body)
        status, said = next((int(code), said) for code, said in operation["responses"].items() if code[0] in "23")
        content = said.get("content", {})
        if not content:
            return status, {}, b""
        kind, found = next(iter(content.items()))
        full = self.full and "cursor=" not in query and b'"cursor"' not in body
        return status, {"Content-Type": kind}, json.dumps(sample(found["schema"], full=full)).encode()

    def _route(self, method: str, path: str) -> Route:
        for template, operations in document()["paths"].items():
            if (
                re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path)
                and method.lower() in operations
            ):
                return method, template
        raise AssertionError(f"{method} {path}: expected a documented route")


def _check_query(operation: dict[str, Any], query: str) -> None:
    known = {one["name"]: one["schema"] for one in operation.get("parameters", []) if one["in"] == "query"}
    for name, value in parse_qsl(query, keep_blank_values=True):
        assert name in known, f"{operation['operationId']}: expected one of {sorted(known)}, found {name}"
        kind = _resolved(known[name]).get("type")
        said = json.loads(value) if kind in ("integer", "number", "boolean") else value
        _validate(said, known[name])
    needed = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query" and one["required"]}
    assert needed <= {name for name, _ in parse_qsl(query)}, f"{operation['operationId']}: expected {needed}"


def _check_body(operation: dict[str, Any], body: bytes) -> None:
    if "requestBody" not in operation:
        assert body in (b"", b"{}"), f"{operation['operationId']}: expected no body, found {body!r}"
        return
    (schema,) = (kind["schema"] for kind in operation["requestBody"]["content"].values())
    _validate(json.loads(body), schema)


def _validate(value: object, schema: dict[str, Any]) -> None:
    Draft202012Validator({**schema, "components": document()["components"]}).validate(value)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = document()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def sample(schema: dict[str, Any], *, full: bool) -> Any:
    """A value that the schema allows."""
    schema = _resolved(schema)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    choices = [_resolved(one) for one in schema.get("anyOf", schema.get("oneOf", []))]
    if choices:
        choices.sort(key=lambda one: (one.get("type") == "null") is full)
        return sample(choices[0], full=full)
    plain = {"string": "2026-11-22", "integer": schema.get("minimum", 1), "number": 0.5, "boolean": True, "null": None}
    kind = schema.get("type", "object")
    if kind == "array":
        items = schema.get("prefixItems") or ([schema["items"]] if full or schema.get("minItems") else [])
        return [sample(one, full=full) for one in items]
    if kind == "object":
        values = {name: sample(one, full=full) for name, one in schema.get("properties", {}).items()}
        more = schema.get("additionalProperties")
        return {**values, "en": sample(more, full=full)} if isinstance(more, dict) and full else values
    return plain[kind]
