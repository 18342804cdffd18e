"""Parameters explain themselves, agree with the settings they become, and every environment uses only real ones."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from infra.local.template import parameters_of
from sotto.entry import settings
from tests.conftest import ROOT
from tests.unit.template.conftest import Resources, functions_of
from tests.unit.template.test_functions import SETTINGS

SAMCONFIG = ROOT / "samconfig.toml"
ENVIRONMENTS = ("local", "dev", "staging", "prod")


def test_every_parameter_says_what_it_is(template: dict[str, Any]) -> None:
    for name, one in template["Parameters"].items():
        assert one["Description"].endswith("."), name
        bounded = {"AllowedPattern", "AllowedValues", "MinValue"} & set(one)
        assert bounded, f"{name} accepts anything"


def test_every_parameter_is_used_and_shown_in_a_group(template: dict[str, Any]) -> None:
    text = (ROOT / "template.yaml").read_text()
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(template["Parameters"])
    for name in template["Parameters"]:
        assert re.search(rf"!Ref {name}\b|\$\{{{name}\}}", text), name


def test_a_parameters_default_is_the_settings_default(template: dict[str, Any], resources: Resources) -> None:
    on_lambda = {"model_dir", "threads"}  # the image's only writable place; the processors that the memory buys
    for name, model in SETTINGS.items():
        variables = functions_of(resources)[name]["Environment"]["Variables"]
        for field, info in model.model_fields.items():
            value = variables.get(model.key(field))
            if info.is_required() or field in on_lambda | {"stage"} or not isinstance(value, dict):
                continue
            if "Fn::If" in value:  # where transcribe does not run on Lambda, the default
                assert value["Fn::If"][-1] == str(info.default), f"{name}: {field}"
                continue
            default = template["Parameters"][value["Ref"]]["Default"]
            same = float(default) == info.default if isinstance(info.default, float) else default == info.default
            assert same, f"{name}: {field}"


def _check(name: str, value: str, declared: dict[str, Any]) -> None:
    if "AllowedValues" in declared:
        assert value in map(str, declared["AllowedValues"]), name
    if "AllowedPattern" in declared:
        assert re.fullmatch(declared["AllowedPattern"], value), name
    if declared["Type"] == "Number":
        assert declared.get("MinValue", 0) <= float(value) <= declared.get("MaxValue", float("inf")), name


def test_the_defaults_keep_their_own_rules(template: dict[str, Any]) -> None:
    for name, declared in template["Parameters"].items():
        _check(name, str(declared["Default"]), declared)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_sets_real_parameters_to_allowed_values(template: dict[str, Any], environment: str) -> None:
    overrides = parameters_of(SAMCONFIG, environment)
    assert overrides["Stage"] == environment
    for name, value in overrides.items():
        _check(name, value, template["Parameters"][name])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environments_lanes_fit_what_is_reserved_for_them(template: dict[str, Any], environment: str) -> None:
    values = {name: str(one["Default"]) for name, one in template["Parameters"].items()}
    values |= parameters_of(SAMCONFIG, environment)
    lanes = int(values["FastLaneConcurrency"]) + int(values["BulkLaneConcurrency"])
    assert lanes == int(values["TranscribeConcurrency"])


def test_every_environment_may_create_what_the_template_needs() -> None:
    config = tomllib.loads(SAMCONFIG.read_text())
    assert {config[name]["deploy"]["parameters"]["capabilities"] for name in ENVIRONMENTS} == {"CAPABILITY_IAM"}
    assert config["prod"]["deploy"]["parameters"]["confirm_changeset"] is True


def test_the_offered_models_hold_the_default(template: dict[str, Any]) -> None:
    parameters = template["Parameters"]
    assert parameters["DefaultModel"]["Default"] in parameters["Models"]["Default"].split(",")
    assert parameters["Models"]["Default"] == settings.JobSettings.model_fields["models"].default
