"""Single files of the faster-whisper package, used without importing the package.

`import faster_whisper` pulls its pipelines, PyAV, onnxruntime and the hub client: 1.3 s of a cold start for things we
do not use. Its log-mel (numpy only), its tokenizer (tokenizers only) and the Silero weights it ships are good and
self-contained, so we load exactly these files by their place on disk. tests/unit/speech checks that they are there.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

from sotto.domain.errors import EngineUnavailable


@cache
def package_file(name: str) -> Path:
    """The path of a file inside the installed faster-whisper package."""
    spec = importlib.util.find_spec("faster_whisper")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        file = Path(folder) / name
        if file.is_file():
            return file
    raise EngineUnavailable(f"expected the package faster-whisper with the file {name}, found none")


@cache
def borrowed_module(name: str) -> ModuleType:
    """`faster_whisper.<name>` as a module of its own; only for modules that import nothing of their package."""
    spec = importlib.util.spec_from_file_location(f"sotto_borrowed_{name}", package_file(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise EngineUnavailable(f"expected faster-whisper's module {name} to be a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
