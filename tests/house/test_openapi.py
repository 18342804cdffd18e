"""docs/api/openapi.json is made from the doors' rows; `python -m tests.house.test_openapi` writes it.

Each row stands beside its handler here, so that neither changes alone.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from sotto.domain.access import PUBLIC, ROUTE_SCOPES
from sotto.entry.openapi import document
from sotto.entry.openapi.route import Route
from tests.conftest import ROOT

PAGE = ROOT / "docs/api/openapi.json"
ROWS = {(route.method, route.path): route for door in document.DOORS for route in door.routes}


@dataclass(frozen=True)
class Handler:
    """What a handler's source says: its route, name and docstring, and the models that it reads."""

    door: str
    method: str
    path: str
    name: str
    says: str
    body: str | None
    query: str | None
    statuses: frozenset[int]
    tagged: bool


def _called(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
            yield node


def _model(tree: ast.AST, reader: str) -> str | None:
    return next((ast.unparse(call.args[0]) for call in _called(tree, reader)), None)


def _handlers() -> Iterator[Handler]:
    for path in sorted((ROOT / "functions").glob("*/handler.py")):
        for function in ast.parse(path.read_text()).body:
            if not isinstance(function, ast.FunctionDef):
                continue
            for mark in function.decorator_list:
                call = ast.unparse(mark)
                if isinstance(mark, ast.Call) and call.startswith("api.routes."):
                    yield Handler(
                        door=path.parent.name,
                        method=call.removeprefix("api.routes.").partition("(")[0].upper(),
                        path=ast.literal_eval(mark.args[0]).replace("<", "{").replace(">", "}"),
                        name=function.name,
                        says=(ast.get_docstring(function) or "").partition("\n")[0],
                        body=_model(function, "api.body"),
                        query=_model(function, "api.query"),
                        statuses=_statuses(function),
                        tagged=any(_called(function, "api.tagged")) or any(_called(function, "api.knows")),
                    )


def _statuses(function: ast.FunctionDef) -> frozenset[int]:
    """Statuses that the source writes as numbers; `answer` without one is 200."""
    found = set()
    for call in _called(function, "answer"):
        given = [word.value for word in call.keywords if word.arg == "status"]
        found |= {one.value for one in given if isinstance(one, ast.Constant)} if given else {200}
    found |= {204 for _ in _called(function, "no_content")} | {303 for _ in _called(function, "see_other")}
    return frozenset(found)


HANDLERS = {(handler.method, handler.path): handler for handler in _handlers()}


def test_every_route_has_a_row_and_every_row_a_handler() -> None:
    told = "add a Route to layers/sotto/sotto/entry/openapi/<function>.py, then: python -m tests.house.test_openapi"
    assert set(HANDLERS) == set(ROWS), told
    assert set(ROUTE_SCOPES) | PUBLIC == set(ROWS), told


@pytest.mark.parametrize("key", sorted(ROWS), ids=" ".join)
def test_a_row_says_what_its_handler_does(key: tuple[str, str]) -> None:
    handler, row = HANDLERS[key], ROWS[key]
    (door,) = [door.name for door in document.DOORS if row in door.routes]
    assert door == handler.door
    assert (row.name, row.summary) == (handler.name, handler.says)
    assert (_name(row.body), _name(row.query)) == (handler.body, handler.query)
    assert handler.statuses <= set(row.answers)
    assert row.tagged == handler.tagged


def _name(model: type | None) -> str | None:
    return model.__name__ if model else None


def test_operations_have_names_of_their_own() -> None:
    names = [route.name for route in ROWS.values()]
    assert [name for name in set(names) if names.count(name) > 1] == []


def test_nothing_is_said_twice_in_a_row() -> None:
    """Errors that document.py adds by itself are not named again."""
    bare = {key: document._errors(_without_errors(route)) for key, route in ROWS.items()}
    twice = {
        key: [error.code for error in route.errors if error in bare[key].get(error.status, [])]
        for key, route in ROWS.items()
    }
    assert {key: codes for key, codes in twice.items() if codes and not key[1].startswith("/audio/")} == {}


def _without_errors(route: Route) -> Route:
    return replace(route, errors=())


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(document.document()).validate()


def test_schemas_have_names_that_people_can_read() -> None:
    assert [name for name in document.document()["components"]["schemas"] if "__" in name] == []


def test_the_page_is_the_document() -> None:
    assert PAGE.read_text() == document.text(), "run: python -m tests.house.test_openapi"
    assert json.loads(PAGE.read_text())["openapi"] == "3.1.0"


if __name__ == "__main__":
    PAGE.write_text(document.text())
