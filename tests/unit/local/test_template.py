"""Reading template.yaml and samconfig.toml, and resolving the functions in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local import template
from infra.local.errors import DeploymentFailed, PackagingFailed
from infra.local.intrinsics import Resolver


def write(folder: Path, text: str) -> Path:
    path = folder / "template.yaml"
    path.write_text(text)
    return path


def test_short_tags_become_their_long_form(tmp_path: Path) -> None:
    found = template.load(
        write(
            tmp_path,
            """
            A: !Ref Name
            B: !GetAtt Table.Arn
            C: !If [OnAws, !Sub "${Name}-x", !Ref AWS::NoValue]
            D: !And [!Condition OnAws, !Equals [1, 2]]
            Version: 2012-10-17
            """,
        )
    )
    assert found == {
        "A": {"Ref": "Name"},
        "B": {"Fn::GetAtt": ["Table", "Arn"]},
        "C": {"Fn::If": ["OnAws", {"Fn::Sub": "${Name}-x"}, {"Ref": "AWS::NoValue"}]},
        "D": {"Fn::And": [{"Condition": "OnAws"}, {"Fn::Equals": [1, 2]}]},
        "Version": "2012-10-17",  # text, as CloudFormation reads it; YAML would make a date
    }


def test_a_broken_template_says_where(tmp_path: Path) -> None:
    with pytest.raises(PackagingFailed, match="line 2"):
        template.load(write(tmp_path, "A: [1, 2\nB: 3"))


LIST = '["Stage=local", "Every=\\"rate(1 minute)\\""]'
TEXT = "\"Stage=local Every='rate(1 minute)'\""


@pytest.mark.parametrize("overrides", [LIST, TEXT], ids=["list", "text"])
def test_parameters_come_from_samconfig_in_either_form(tmp_path: Path, overrides: str) -> None:
    path = tmp_path / "samconfig.toml"
    path.write_text(f"[local.deploy.parameters]\nparameter_overrides = {overrides}\n")
    found = template.parameters_of(path, "local")
    assert found == {"Stage": "local", "Every": "rate(1 minute)"}
    assert template.parameters_of(path, "prod") == {}
    assert template.parameters_of(tmp_path / "none.toml", "local") == {}


@pytest.fixture
def resolver() -> Resolver:
    conditions = {
        "OnAws": {"Fn::Equals": [{"Ref": "Target"}, "aws"]},
        "Not": {"Fn::Not": [{"Condition": "OnAws"}]},
        "Both": {"Fn::And": [{"Condition": "OnAws"}, {"Condition": "Not"}]},
        "Either": {"Fn::Or": [{"Condition": "OnAws"}, {"Condition": "Not"}]},
    }
    names = {"Target": "emulator", "Name": "sotto", "AWS::Region": "us-east-1"}
    return Resolver({"Conditions": conditions}, names, lambda resource, attribute: f"{resource}/{attribute}")


def test_values_are_resolved(resolver: Resolver) -> None:
    assert resolver.resolve(
        {
            "ref": {"Ref": "Name"},
            "attribute": {"Fn::GetAtt": ["Key", "Arn"]},
            "left out": {"Ref": "AWS::NoValue"},
            "list": [{"Ref": "AWS::NoValue"}, 1],
            "if": {"Fn::If": ["OnAws", "yes", {"Ref": "Name"}]},
            "sub": {"Fn::Sub": "${Name}-${AWS::Region}-${Key.Arn}-${!literal}"},
            "sub with local": {"Fn::Sub": ["${Own}-${Name}", {"Own": {"Ref": "Target"}}]},
            "join": {"Fn::Join": ["-", ["a", {"Ref": "Name"}]]},
            "split": {"Fn::Select": [1, {"Fn::Split": ["-", "x-y-z"]}]},
            "plain": {"nested": {"Ref": "Name"}},
        }
    ) == {
        "ref": "sotto",
        "attribute": "Key/Arn",
        "list": [1],
        "if": "sotto",
        "sub": "sotto-us-east-1-Key/Arn-${literal}",
        "sub with local": "emulator-sotto",
        "join": "a-sotto",
        "split": "y",
        "plain": {"nested": "sotto"},
    }


def test_conditions_hold_or_not(resolver: Resolver) -> None:
    assert {name: resolver.holds(name) for name in ("OnAws", "Not", "Both", "Either")} == {
        "OnAws": False,
        "Not": True,
        "Both": False,
        "Either": True,
    }


@pytest.mark.parametrize("value", [{"Fn::Cidr": ["10.0.0.0/16"]}, {"Fn::If": "OnAws"}])
def test_an_unknown_function_is_noticed(resolver: Resolver, value: object) -> None:
    with pytest.raises(DeploymentFailed, match="does not know Fn::"):
        resolver.resolve(value)


def test_an_unknown_condition_is_noticed() -> None:
    resolver = Resolver({"Conditions": {"Odd": {"Fn::Contains": []}}}, {}, lambda *_: "")
    with pytest.raises(DeploymentFailed, match="Fn::Contains"):
        resolver.holds("Odd")
