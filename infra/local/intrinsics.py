"""Resolves CloudFormation's intrinsic functions in a template's properties, as far as `parity` needs them.

The emulator resolves them too, but does not show the result. A function that is not known here raises, so that a new
use in template.yaml is noticed and never skipped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.errors import DeploymentFailed
from infra.local.template import Template

NO_VALUE = "AWS::NoValue"
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass(frozen=True)
class Resolver:
    """`names` answers Ref (parameters, pseudo parameters, physical ids), `attribute` answers GetAtt."""

    template: Template
    names: Mapping[str, str]
    attribute: Callable[[str, str], str]

    def holds(self, condition: str) -> bool:
        """Whether the condition of the template is true under these parameters."""
        return self._test(self.template["Conditions"][condition])

    def resolve(self, value: Any) -> Any:
        """`value` without intrinsic functions. Members that resolve to AWS::NoValue are left out."""
        if isinstance(value, list):
            return [found for found in map(self.resolve, value) if found is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                return self._call(name, argument)
        resolved = {key: self.resolve(member) for key, member in value.items()}
        return {key: member for key, member in resolved.items() if member is not None}

    def _call(self, name: str, argument: Any) -> Any:
        match name, argument:
            case "Ref", str():
                return None if argument == NO_VALUE else self.names[argument]
            case "Fn::GetAtt", [str() as resource, str() as attribute]:
                return self.attribute(resource, attribute)
            case "Fn::If", [str() as condition, yes, no]:
                return self.resolve(yes if self.holds(condition) else no)
            case "Fn::Sub", str():
                return self._substitute(argument, {})
            case "Fn::Sub", [str() as text, dict() as local]:
                return self._substitute(text, {key: str(self.resolve(found)) for key, found in local.items()})
            case "Fn::Split", [str() as separator, text]:
                return str(self.resolve(text)).split(separator)
            case "Fn::Select", [index, items]:
                return self.resolve(items)[int(index)]
            case "Fn::Join", [str() as separator, items]:
                return separator.join(map(str, self.resolve(items)))
        raise DeploymentFailed(f"infra/local/intrinsics.py does not know {name} with {argument!r}")

    def _substitute(self, text: str, local: Mapping[str, str]) -> str:
        def replacement(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if name in local:
                return local[name]
            resource, dot, attribute = name.partition(".")
            return self.attribute(resource, attribute) if dot else self.names[name]

        return _PLACEHOLDER.sub(replacement, text)

    def _test(self, condition: Any) -> bool:
        name, argument = next(iter(condition.items()))
        match name:
            case "Condition":
                return self.holds(argument)
            case "Fn::Equals":
                left, right = map(self.resolve, argument)
                return str(left) == str(right)
            case "Fn::Not":
                return not self._test(argument[0])
            case "Fn::And":
                return all(map(self._test, argument))
            case "Fn::Or":
                return any(map(self._test, argument))
        raise DeploymentFailed(f"infra/local/intrinsics.py does not know the condition {name}")
