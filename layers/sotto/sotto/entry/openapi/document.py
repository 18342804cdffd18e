"""The doors' rows as one OpenAPI 3.1 document, the same bytes each time.

What a row need not say is added here: the scope from domain/access.py, and the errors that every route like it may
answer. Answers may gain fields (docs/api/README.md), so no answer's schema forbids unknown ones; requests do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core.core_schema import DataclassField, ModelField, TypedDictField

from sotto import __version__
from sotto.domain.access import PUBLIC, ROUTE_SCOPES
from sotto.domain.errors import (
    Forbidden,
    InvalidInput,
    LimitReached,
    MisconfiguredSetting,
    NotFound,
    Rejected,
    SottoError,
    StorageUnavailable,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from sotto.entry.http import PROBLEM, Problem
from sotto.entry.openai_answers import OpenAiError
from sotto.entry.openapi.admin import ADMIN
from sotto.entry.openapi.audio import AUDIO
from sotto.entry.openapi.auth import AUTH
from sotto.entry.openapi.jobs import JOBS
from sotto.entry.openapi.ops import OPS
from sotto.entry.openapi.route import BYTES, JSON, Door, Reply, Route, Schema
from sotto.entry.openapi.transcripts import TRANSCRIPTS
from sotto.entry.openapi.uploads import UPLOADS
from sotto.entry.openapi.webhooks import WEBHOOKS

Json = dict[str, Any]

DOORS = (JOBS, UPLOADS, TRANSCRIPTS, AUDIO, WEBHOOKS, AUTH, ADMIN, OPS)
_EVERYWHERE = (SottoError, MisconfiguredSetting, Rejected, InvalidInput, LimitReached, Unavailable, StorageUnavailable)
_SAYS = """Serverless Whisper transcription that you run yourself.

JSON in and out, names in snake_case, times in ISO 8601 UTC, durations in seconds. A request with a field or query
parameter that is not named here is refused. Answers may gain fields: ignore those that you do not know.
"""
_TAG = {"ETag": "stands for this answer, to be sent as If-None-Match"}
_HAS = {"If-None-Match": "ETag of an answer that the caller has, or several with commas between; * is any"}
_WAIT = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}


class _Written(GenerateJsonSchema):
    """Schemas without the titles that only repeat a field's name. What is answered always has all of its fields."""

    def field_is_required(self, field: ModelField | DataclassField | TypedDictField, total: bool) -> bool:  # noqa: FBT001 - the base's form
        return self.mode == "serialization" or super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: object) -> bool:
        del schema
        return False


def document() -> Json:
    """The whole document."""
    references, schemas = _schemas()
    responses: Json = {}
    paths: Json = {}
    for door in DOORS:
        for route in door.routes:
            operation = _operation(door, route, references, responses)
            paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sotto",
            "version": __version__,
            "description": _SAYS,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/v1"}],
        "tags": [{"name": door.title, "description": door.says} for door in DOORS],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "responses": dict(sorted(responses.items())),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token of POST /auth/sign-in, or an API key (`sk_...`).",
                }
            },
        },
    }


@cache
def text() -> str:
    """The document as it is served and published."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


References = Mapping[Any, Json]
"""By (model, mode)."""


def _schemas() -> tuple[References, Json]:
    """A reference for each model in each of its two roles, and the schemas that they lead to."""
    roles = sorted(set(_roles()), key=lambda role: (role[0].__module__, role[0].__name__, role[1]))
    references, found = models_json_schema(
        roles, ref_template="#/components/schemas/{model}", schema_generator=_Written
    )
    schemas = found["$defs"]
    answered = _reached((reference for (_, mode), reference in references.items() if mode == "serialization"), schemas)
    for name in answered:
        schemas[name].pop("additionalProperties", None)
    return references, dict(sorted(schemas.items()))


def _roles() -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    yield from ((Problem, "serialization"), (OpenAiError, "serialization"))
    for route in (route for door in DOORS for route in door.routes):
        yield from ((model, "validation") for model in (route.body, route.form) if model is not None)
        for reply in route.answers.values():
            for schema in _reply(reply).content.values():
                yield from ((model, "serialization") for model in _models(schema))


def _models(schema: Schema) -> tuple[type[BaseModel], ...]:
    if isinstance(schema, dict):
        return ()
    return schema if isinstance(schema, tuple) else (schema,)


def _reached(from_: Iterable[Json], schemas: Json) -> set[str]:
    """Names of the schemas that `from_` lead to."""
    waiting, found = [json.dumps(one) for one in from_], set[str]()
    while waiting:
        for name in re.findall(r'#/components/schemas/([^"]+)"', waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.append(json.dumps(schemas[name]))
    return found


def _reply(answer: type[BaseModel] | Reply | None) -> Reply:
    if answer is None:
        return Reply("Done; no body.")
    return answer if isinstance(answer, Reply) else Reply("Done.", {JSON: answer})


def _replies(route: Route) -> dict[int, Reply]:
    replies = {status: _reply(answer) for status, answer in route.answers.items()}
    if route.tagged:
        replies[HTTPStatus.OK] = replace(replies[HTTPStatus.OK], headers={**replies[HTTPStatus.OK].headers, **_TAG})
        replies[HTTPStatus.NOT_MODIFIED] = Reply("The caller has the present answer; no body.", headers=_TAG)
    return replies


def _operation(door: Door, route: Route, references: References, responses: Json) -> Json:
    operation: Json = {"operationId": route.name, "summary": route.summary, "tags": [door.title]}
    if parameters := [*_path(route), *_query(route), *_headers(route)]:
        operation["parameters"] = parameters
    if body := _body(route, references):
        operation["requestBody"] = body
    answers = {status: _answer(reply, references) for status, reply in _replies(route).items()}
    for status, errors in _errors(route).items():
        # A route that says itself what an error status means (readyz) is not told otherwise.
        if status not in answers:
            name = f"{status}.{'.'.join(sorted(one.code for one in errors))}"
            if door.like_openai:
                name = f"openai.{name}"
            responses[name] = _refusal(status, errors, like_openai=door.like_openai)
            answers[status] = {"$ref": f"#/components/responses/{name}"}
    operation["responses"] = {str(status): answers[status] for status in sorted(answers)}
    route_id = (route.method, route.path)
    operation["security"] = [] if route_id in PUBLIC else [{"bearer": [ROUTE_SCOPES[route_id].value]}]
    return operation


def _path(route: Route) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(route: Route) -> Iterator[Json]:
    if route.query is None:
        return
    shape = route.query.model_json_schema(mode="validation", schema_generator=_Written)
    for name, schema in shape["properties"].items():
        parameter = {"name": name, "in": "query", "required": name in shape.get("required", ())}
        if says := schema.pop("description", None):
            parameter["description"] = says
        yield {**parameter, "schema": _not_null(schema)}


def _not_null(schema: Json) -> Json:
    """A query string has no null: what is left out is left out."""
    if "anyOf" in schema:
        (kept,) = [one for one in schema["anyOf"] if one != {"type": "null"}]
        schema = {**{key: value for key, value in schema.items() if key not in ("anyOf", "default")}, **kept}
    return schema


def _headers(route: Route) -> Iterator[Json]:
    for name, says in {**route.headers, **(_HAS if route.tagged else {})}.items():
        yield {"name": name, "in": "header", "description": says, "schema": {"type": "string"}}


def _body(route: Route, references: References) -> Json:
    if route.body is not None:
        return {"required": True, "content": {JSON: {"schema": references[route.body, "validation"]}}}
    if route.form is not None:
        shape = references[route.form, "validation"]
        schema = {"allOf": [shape, {"type": "object", "properties": {"file": BYTES}}]}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return {}


def _answer(reply: Reply, references: References) -> Json:
    answer: Json = {"description": reply.says}
    if reply.headers:
        answer["headers"] = {
            name: {"description": says, "schema": {"type": "string"}} for name, says in reply.headers.items()
        }
    if reply.content:
        answer["content"] = {media: {"schema": _content(schema, references)} for media, schema in reply.content.items()}
    return answer


def _content(schema: Schema, references: References) -> Json:
    if isinstance(schema, dict):
        return dict(schema)
    shapes = [references[model, "serialization"] for model in _models(schema)]
    return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}


def _errors(route: Route) -> dict[int, list[type[SottoError]]]:
    errors: set[type[SottoError]] = {*_EVERYWHERE, *route.errors}
    if (route.method, route.path) not in PUBLIC:
        errors |= {Unauthenticated, Forbidden}
    if "{" in route.path:
        errors.add(NotFound)
    if route.body is not None or route.form is not None:
        errors.add(TooLarge)
    by_status: dict[int, list[type[SottoError]]] = {}
    for error in sorted(errors, key=lambda one: one.code):
        by_status.setdefault(error.status, []).append(error)
    return by_status


def _refusal(status: int, errors: Iterable[type[SottoError]], *, like_openai: bool) -> Json:
    codes = {"enum": [error.code for error in errors]}
    problem = {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "object", "properties": {"code": codes}}]}
    content: Json = {PROBLEM: {"schema": problem}}
    if like_openai:  # the gateway's own refusals stay problem details
        code = {"error": {"type": "object", "properties": {"code": codes}}}
        shape = {"allOf": [{"$ref": "#/components/schemas/OpenAiError"}, {"type": "object", "properties": code}]}
        content = {JSON: {"schema": shape}, **content}
    # Without the status' phrase: Python 3.13 changed four of them, and the document must not depend on who makes it.
    refusal: Json = {"description": f"Refused: {', '.join(codes['enum'])}.", "content": content}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        refusal["headers"] = _WAIT
    return refusal
