"""Who runs in `make bench`, and what each needs first: an environment, a model in its own format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sotto.speech.model_files import ModelFiles, find_model
from sotto.speech.model_sources import from_hub, from_packages
from tests.benchmarks.machine import ROOT

RUNNERS = Path(__file__).resolve().parent / "runners"


@dataclass(frozen=True)
class Contender:
    """One engine in one setting. `task` is what its runner is told beyond audio, threads, model and language."""

    name: str
    environment: str
    runner: str
    model_format: str
    task: dict[str, Any] = field(default_factory=dict)

    @property
    def runner_path(self) -> Path:
        return RUNNERS / self.runner


def _sotto(name: str, engine: str, compute_type: str, *, word_times: bool, beam_size: int = 1) -> Contender:
    task = {"engine": engine, "compute_type": compute_type, "word_times": word_times, "beam_size": beam_size}
    return Contender(f"sotto {name}", "sotto", "run_sotto.py", "ctranslate2", task)


def _faster_whisper(name: str, compute_type: str, batch_size: int, *, word_times: bool = False) -> Contender:
    task = {"compute_type": compute_type, "batch_size": batch_size, "word_times": word_times}
    return Contender(f"faster-whisper {name}", "faster-whisper", "run_faster_whisper.py", "ctranslate2", task)


CONTENDERS: tuple[Contender, ...] = (
    _sotto("int8, word times", "ctranslate2", "int8", word_times=True),
    _sotto("int8", "ctranslate2", "int8", word_times=False),
    _sotto("int8, beam 5, word times", "ctranslate2", "int8", word_times=True, beam_size=5),
    _sotto("f32, word times", "ctranslate2", "float32", word_times=True),
    _sotto("torch f32, word times", "torch", "float32", word_times=True),
    _faster_whisper("batched int8", "int8", 8),
    _faster_whisper("batched f32", "float32", 8),
    _faster_whisper("int8", "int8", 0),
    _faster_whisper("f32", "float32", 0),
    _faster_whisper("batched int8, word times", "int8", 8, word_times=True),
    Contender("openai-whisper greedy", "openai-whisper", "run_openai_whisper.py", "openai"),
    Contender("whisper.cpp f16", "whisper-cpp", "run_whisper_cpp.py", "ggml"),
)


class ModelFormats:
    """The same weights in each contender's format: fetched once, converted once into `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._makers: dict[str, Callable[[ModelFiles], Path]] = {
            "ctranslate2": lambda model: model.directory,
            "openai": self._openai,
            "ggml": self._ggml,
        }

    def files(self, name: str) -> ModelFiles:
        return find_model(name, ROOT / ".models", (from_packages, from_hub))

    def path(self, name: str, model_format: str) -> Path:
        return self._makers[model_format](self.files(name))

    def _openai(self, model: ModelFiles) -> Path:
        target = self.folder / f"{model.name}.pt"
        if not target.is_file():
            import torch

            from sotto.speech.checkpoint import load_whisper

            whisper = load_whisper(model.directory)
            weights = {name: value.half() for name, value in whisper.state_dict().items()}
            torch.save({"dims": vars(whisper.dims), "model_state_dict": weights}, target)
        return target

    def _ggml(self, model: ModelFiles) -> Path:
        target = self.folder / f"{model.name}.ggml.bin"
        if not target.is_file():
            from tests.benchmarks.ggml_model import write_ggml

            write_ggml(model.directory, target)
        return target
