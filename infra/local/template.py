"""template.yaml as plain data: CloudFormation's short tags (`!Ref x`) become their long form ({"Ref": "x"}).

The laptop deploys the same file as AWS; nothing here changes its meaning.
"""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path
from typing import Any

import yaml

from infra.local.errors import PackagingFailed

Template = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """SafeLoader that knows CloudFormation's tags, and that leaves dates as text, as CloudFormation does."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if name == "Fn::GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the third kind of node
    return {name: value}


_Loader.add_multi_constructor("!", _tag)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(path: Path) -> Template:
    """The template's content. Intrinsic functions are in their long form. Raises PackagingFailed."""
    try:
        return dict(_Loader(path.read_text()).get_single_data())
    except (OSError, yaml.YAMLError) as error:
        raise PackagingFailed(f"{path} cannot be read: {error}") from error


def parameters_of(samconfig: Path, environment: str) -> dict[str, str]:
    """The parameter values of one environment in samconfig.toml, in either form that sam accepts (text or list)."""
    if not samconfig.is_file():
        return {}
    config = tomllib.loads(samconfig.read_text())
    overrides = config.get(environment, {}).get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    pairs = shlex.split(overrides) if isinstance(overrides, str) else overrides
    return {key: value.strip('"') for key, _, value in (pair.partition("=") for pair in pairs)}
