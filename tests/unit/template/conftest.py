"""template.yaml, read once, as data: what it promises is asserted here, what it says in prose is docs/deploy.md."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.template import Template, load
from tests.conftest import ROOT

TEMPLATE = ROOT / "template.yaml"
Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def template() -> Template:
    return load(TEMPLATE)


@pytest.fixture(scope="session")
def resources(template: Template) -> Resources:
    return dict(template["Resources"])


def of_type(resources: Resources, kind: str) -> Resources:
    """The properties of every resource of a type, by logical id."""
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] == kind}


def functions_of(resources: Resources) -> Resources:
    """The properties of every function, by its folder's name (what FunctionName ends in)."""
    found = of_type(resources, "AWS::Serverless::Function").values()
    return {properties["FunctionName"]["Fn::Sub"].rpartition("-")[2]: properties for properties in found}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
