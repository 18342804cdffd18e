"""The house keeps its own rules: rooms, requirements, reachability, the environment's one reader."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers/sotto/sotto"
BANNED = re.compile(r"(^|_)(utils?|helpers?|misc|common|enhanced|improved|new|old|v2|final|backup)(_|$)")


def _requirements(path: Path) -> set[str]:
    return {line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")}


def _modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }


def _imports(path: Path) -> set[str]:
    """Every module of the package that a file names, in imports or as `python -m` and entry points do, by string."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(re.findall(r"\bsotto(?:\.\w+)+", node.value))
    return found


def test_the_layers_requirements_are_the_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert _requirements(ROOT / "layers/sotto/requirements.txt") == set(project["dependencies"])
    assert _requirements(ROOT / "layers/media/requirements.txt") == set(project["optional-dependencies"]["media"])


def test_every_module_is_reached_from_a_door() -> None:
    modules = _modules()
    doors = [path for folder in ("functions", "infra") for path in (ROOT / folder).rglob("*.py")]
    texts = [path for name in ("Makefile", "pyproject.toml") if (path := ROOT / name).exists()]
    texts += [
        path
        for folder in ("functions", "infra")
        for path in (ROOT / folder).rglob("*")
        if path.name == "Dockerfile" or path.suffix == ".yaml"
    ]
    waiting = {name for path in doors for name in _imports(path)}
    waiting |= {name for path in texts for name in re.findall(r"\bsotto(?:\.\w+)+", path.read_text())}
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in modules and name not in reached:
            reached.add(name)
            waiting |= _imports(modules[name])
    packages = {name for name, path in modules.items() if path.name == "__init__.py"}
    assert set(modules) - reached - packages == set()


def test_the_environment_is_read_in_one_place() -> None:
    allowed = {PACKAGE / "entry/settings.py", PACKAGE / "entry/environment.py"}
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in (PACKAGE, ROOT / "functions")
        for path in folder.rglob("*.py")
        if path not in allowed and re.search(r"os\.(environ|getenv)|from os import .*environ", path.read_text())
    ]
    assert [path for path in readers if "/cli/" not in path] == []


def test_no_room_is_named_after_nothing() -> None:
    rooms = [
        path
        for folder in (PACKAGE, ROOT / "functions", ROOT / "infra", ROOT / "tests")
        for path in folder.rglob("*.py")
    ]
    assert [path.name for path in rooms if BANNED.search(path.stem)] == []


def test_every_module_says_why_it_is_there() -> None:
    silent = [name for name, path in _modules().items() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []
