"""The engine port on CTranslate2: what CPU functions run.

One thread a job: two spend 8 to 12 % more CPU on the same text (base, 274 s), so on two cores two jobs with one thread
each do more than one job with two. The model file is read once per process. int8 and int8_float32 are the same thing on
a CPU without native float16.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sotto.domain.errors import ModelUnavailable
from sotto.domain.transcript import EngineFacts
from sotto.speech.engine import Alignment, Encoded, Features, Generated, Samples, Sampling
from sotto.speech.log_mel import log_mel
from sotto.speech.model_files import ModelFiles

BATCH = 8
"""4 to 16 rows cost the same CPU per window; more only takes memory."""


class CTranslate2Engine:
    """See engine.Engine. `compute_type` is CTranslate2's (int8, float32 ...); `at_once` calls share the weights."""

    def __init__(self, files: ModelFiles, *, compute_type: str = "int8", threads: int = 1, at_once: int = 1) -> None:
        import ctranslate2  # 0.2 s of a cold start

        self._library: Any = ctranslate2
        try:
            self._model: Any = ctranslate2.models.Whisper(
                str(files.directory),
                device="cpu",
                compute_type=compute_type,
                intra_threads=threads,
                inter_threads=at_once,
            )
        except (RuntimeError, ValueError) as error:
            raise ModelUnavailable(f"model {files.name}: CTranslate2 cannot load it as {compute_type}") from error
        config = json.loads((files.directory / "config.json").read_text())
        self._heads = [(int(layer), int(head)) for layer, head in config.get("alignment_heads", [])]
        self._facts = EngineFacts(
            engine="ctranslate2",
            model=files.name,
            model_sha256=files.sha256,
            compute_type=self._model.compute_type,
            version=ctranslate2.__version__,
        )
        self._seeded = False

    @property
    def facts(self) -> EngineFacts:
        return self._facts

    @property
    def multilingual(self) -> bool:
        return bool(self._model.is_multilingual)

    @property
    def n_mels(self) -> int:
        return int(self._model.n_mels)

    @property
    def alignment_heads(self) -> Sequence[tuple[int, int]]:
        return self._heads

    @property
    def batch_size(self) -> int:
        return BATCH

    def features(self, audio: Sequence[Samples], frames: int) -> Features:
        return log_mel(audio, frames, self.n_mels)

    def encode(self, features: Features) -> Encoded:
        """One row at a time: the attention matrices of a whole batch do not fit into a processor's cache.

        Eight rows of 20 s at once took 1.7 times the CPU of the same rows one by one, and up to 140 MB more memory.
        """
        rows = [np.asarray(self._model.encode(self._view(row[np.newaxis]))) for row in features]
        return self._view(np.concatenate(rows))

    def select(self, encoded: Encoded, rows: Sequence[int]) -> Encoded:
        return self._view(np.asarray(encoded)[list(rows)])

    def _view(self, values: npt.NDArray[np.float32]) -> Any:
        return self._library.StorageView.from_array(np.ascontiguousarray(values))

    def detect_language(self, encoded: Encoded) -> list[Mapping[str, float]]:
        return [
            {token[2:-2]: float(probability) for token, probability in row}
            for row in self._model.detect_language(encoded)
        ]

    def generate(self, encoded: Encoded, prompt: Sequence[int], sampling: Sampling) -> list[Generated]:
        if sampling.temperature > 0 and not self._seeded:
            self._library.set_random_seed(sampling.seed)  # CTranslate2 seeds a worker once, when it first samples
            self._seeded = True
        rows = encoded.shape[0]
        sampled = sampling.temperature > 0
        results = self._model.generate(
            encoded,
            [list(prompt)] * rows,
            beam_size=1 if sampled else sampling.beam_size,
            num_hypotheses=sampling.best_of if sampled else 1,
            sampling_topk=0 if sampled else 1,
            sampling_temperature=sampling.temperature if sampled else 1.0,
            # CTranslate2 allows min(max_length / 2, max_length - prompt) new tokens
            max_length=max(2 * sampling.max_tokens, len(prompt) + sampling.max_tokens),
            suppress_blank=bool(sampling.suppress_at_start),
            suppress_tokens=list(sampling.suppress) or None,
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [self._generated(result, sampling) for result in results]

    @staticmethod
    def _generated(result: Any, sampling: Sampling) -> Generated:
        best = max(range(len(result.scores)), key=result.scores.__getitem__)
        tokens = tuple(result.sequences_ids[best])
        return Generated(
            tokens=tokens,
            # CTranslate2 divides by the number of tokens without end of text, which it counted in the sum
            average_log_probability=float(result.scores[best]) * len(tokens) / (len(tokens) + 1),
            no_speech_probability=float(result.no_speech_prob),
            finished=len(tokens) < sampling.max_tokens,
        )

    def align(
        self,
        encoded: Encoded,
        start_sequence: Sequence[int],
        text_tokens: Sequence[Sequence[int]],
        num_frames: Sequence[int],
        *,
        median_filter_width: int = 7,
    ) -> list[Alignment]:
        answers = [Alignment(np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.float32))] * len(text_tokens)
        rows = [row for row, tokens in enumerate(text_tokens) if tokens]
        if not rows:
            return answers
        results = self._model.align(
            encoded if len(rows) == len(text_tokens) else self.select(encoded, rows),
            list(start_sequence),
            [list(text_tokens[row]) for row in rows],
            [num_frames[row] for row in rows],
            median_filter_width=median_filter_width,
        )
        for row, result in zip(rows, results, strict=True):
            path = np.array(result.alignments, dtype=np.int64).reshape(-1, 2)
            answers[row] = Alignment(path, np.array(result.text_token_probs, dtype=np.float32))
        return answers
