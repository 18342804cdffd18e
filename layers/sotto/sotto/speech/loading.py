"""Loads models on first use and keeps them: one engine a model and process, whichever engine serves.

Loading costs seconds and hundreds of megabytes, so only the last few models stay; parts of jobs with different models
take turns on one worker without loading again and again. CTranslate2 frees a dropped model when the last part that uses
it ends; the torch engine's models stay, because their decoder threads cannot be taken from under the parts they serve.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from sotto.domain.options import SPEAKER_MODEL
from sotto.speech.model_catalogue import WEIGHTS
from sotto.speech.model_files import ModelFiles, Source, find_model
from sotto.speech.tokens import Tokens
from sotto.speech.transcriber import LoadedModel
from sotto.speech.voice_encoder import VoiceEncoder

KEPT = 3


class ModelLoader:
    """Called with a model's name; safe to call from several threads, which then wait for the one that loads.

    `threads` is what one transcription may use, `at_once` how many run side by side in this process.
    """

    def __init__(
        self,
        model_dir: Path,
        sources: Sequence[Source] = (),
        *,
        engine: str = "ctranslate2",
        compute_type: str = "int8",
        threads: int = 1,
        at_once: int = 1,
    ) -> None:
        self._model_dir, self._sources = model_dir, tuple(sources)
        self._engine, self._compute_type, self._threads, self._at_once = engine, compute_type, threads, at_once
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._voices: VoiceEncoder | None = None
        self._lock = threading.Lock()

    def __call__(self, name: str) -> LoadedModel:
        """The model called `name`, loaded. Raises ModelUnavailable."""
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = self._load(find_model(name, self._model_dir, self._sources))
                while len(self._loaded) > KEPT and self._engine == "ctranslate2":
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(name)
            return self._loaded[name]

    def voices(self) -> VoiceEncoder:
        """What tells speakers apart, whichever engine serves. Raises ModelUnavailable."""
        with self._lock:
            if self._voices is None:
                self._voices = VoiceEncoder(
                    find_model(SPEAKER_MODEL, self._model_dir, self._sources).directory / WEIGHTS
                )
            return self._voices

    def _load(self, files: ModelFiles) -> LoadedModel:
        # The engine that is not used is not imported: torch alone costs 2.5 s of a start.
        if self._engine == "torch":
            from sotto.speech.torch_engine import load_engine
            from sotto.speech.torch_shared import SharedEngine

            alone = load_engine(files, compute_type=self._compute_type, threads=self._threads)
            return LoadedModel(SharedEngine(alone) if self._at_once > 1 else alone, Tokens(files.directory))
        from sotto.speech.ctranslate2_engine import CTranslate2Engine

        engine = CTranslate2Engine(files, compute_type=self._compute_type, threads=self._threads, at_once=self._at_once)
        return LoadedModel(engine, Tokens(files.directory))
