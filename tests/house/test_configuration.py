"""docs/configuration.md and .env.example are made from the settings models.

`python -m tests.house.test_configuration` writes both.
"""

from __future__ import annotations

from typing import Any, get_args

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sotto.entry.settings import EventSourceSettings, Settings
from tests.conftest import ROOT
from tests.unit.template.test_functions import SETTINGS

PAGE, EXAMPLE = ROOT / "docs/configuration.md", ROOT / ".env.example"
AUTHORIZER = ROOT / "layers/sotto/sotto/entry/authorizer.py"
HEAD = """# Configuration

Every process reads its settings from the environment, checks exactly those that it needs when it first needs them, and
refuses placeholders such as `changeme`. A missing setting takes down only the function that needs it; the message
names the key, the form and the command that fixes it:

```text
SOTTO_TABLE: expected Name of the DynamoDB table, found 'nothing'. Fix: set the matching parameter in samconfig.toml
and deploy again (`sam deploy`, or `sotto up` on a laptop)
```

On AWS and on a laptop the template sets all of them from its parameters (`samconfig.toml`; `sotto setup` writes one
for you). You set them yourself only for a process that you start yourself: the transcribe container elsewhere, or one
function under a debugger. `.env.example` lists them for that.

No setting is a secret: a setting names a secret, and the process reads it from Secrets Manager. Besides these, the
AWS SDK's own variables count (`AWS_REGION`, `AWS_ENDPOINT_URL`, ...), and Powertools' (`POWERTOOLS_LOG_LEVEL`).

This page is generated from `layers/sotto/sotto/entry/settings.py`.

| setting | form | default | needed by | what it is |
|---|---|---|---|---|
"""


def _models() -> dict[str, type[Settings]]:
    """Every process, by name: the template's functions and what runs beside the transcribe container."""
    return dict(sorted({**SETTINGS, "event_source": EventSourceSettings}.items()))


def _users(key: str) -> list[str]:
    lean = {"authorizer"} if f'"{key}"' in AUTHORIZER.read_text() else set()
    named = {name for name, model in _models().items() if key in {model.key(field) for field in model.model_fields}}
    return sorted(named | lean)


def _form(info: FieldInfo) -> str:
    choices = get_args(info.annotation)
    if choices and all(isinstance(choice, str) for choice in choices):
        return " or ".join(f"`{choice}`" for choice in choices)
    name = getattr(info.annotation, "__name__", str(info.annotation))
    return {"str": "text", "int": "whole number", "float": "number", "Path": "path"}.get(name, name)


def _default(info: FieldInfo) -> str:
    if info.default is PydanticUndefined:
        return "needed"
    return f"`{info.default}`" if info.default != "" else "empty"


def fields() -> dict[str, tuple[FieldInfo, str]]:
    """Every setting of every process, by its key, with what it is; processes may mean it in words of their own."""
    infos: dict[str, FieldInfo] = {}
    meanings: dict[str, list[str]] = {}
    for model in _models().values():
        for field, info in model.model_fields.items():
            key = model.key(field)
            assert info.description, f"{key} is not explained"
            infos.setdefault(key, info)
            assert infos[key].default == info.default, f"{key} has two defaults"
            if info.description not in meanings.setdefault(key, []):
                meanings[key].append(info.description)
    return {key: (infos[key], "; ".join(meanings[key])) for key in sorted(infos)}


def page() -> str:
    rows = [
        f"| `{key}` | {_form(info)} | {_default(info)} | {', '.join(_users(key))} | {meaning} |"
        for key, (info, meaning) in fields().items()
    ]
    return HEAD + "\n".join(rows) + "\n"


def example() -> str:
    """Needed settings with no value, others commented out with their default."""
    lines = ["# Settings of a process that you start yourself; docs/configuration.md says who needs which.", ""]
    for key, (info, meaning) in fields().items():
        value: Any = info.default
        lines += [f"# {meaning}"]
        lines += [f"{key}="] if value is PydanticUndefined else [f"# {key}={value}"]
        lines += [""]
    return "\n".join(lines)


def test_the_page_says_what_the_models_say() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.house.test_configuration"


def test_the_example_says_what_the_models_say() -> None:
    assert EXAMPLE.read_text() == example(), "run: python -m tests.house.test_configuration"


def test_every_settings_model_belongs_to_a_process_or_is_the_base_of_one() -> None:
    def walk(model: type[Settings]) -> set[type[Settings]]:
        return {model, *(one for child in model.__subclasses__() for one in walk(child))}

    used = {base for model in _models().values() for base in model.__mro__ if issubclass(base, Settings)}
    assert walk(Settings) - used == set()


if __name__ == "__main__":
    PAGE.write_text(page())
    EXAMPLE.write_text(example())
