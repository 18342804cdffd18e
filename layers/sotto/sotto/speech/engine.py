"""The port between the decoding policy and what runs the model.

It is shaped like `ctranslate2.models.Whisper` (encode, detect_language, generate, align), because those four calls
are enough: windows, prompts, quality, fallback and word times are policy (decoding.py, words.py), written once over
this port, so that a CPU function and a GPU container give the same text. Features and encodings are opaque: an engine
keeps them where it likes (numpy, a device), the policy only hands them back, whole or by rows.

An engine knows token ids, never text. At temperature 0 the same call gives the same answer. Above it torch repeats
itself by the seed of `Sampling`; CTranslate2 seeds a process once, so there only the first draws repeat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from sotto.domain.transcript import EngineFacts

SAMPLE_RATE = 16_000
"""Samples per second of all audio inside speech/."""
WINDOW_S = 30.0
"""The longest audio one window may hold: Whisper's encoder has 1500 positions of 20 ms."""
FRAME_S = 0.02
"""Seconds of audio per encoder position: the resolution of word times."""

Samples: TypeAlias = npt.NDArray[np.float32]
"""Mono audio at 16 kHz, nominally in [-1, 1]."""
Features: TypeAlias = Any
"""Log-mel features of a batch, float32 [batch, n_mels, frames at 10 ms], in the engine's own keeping."""
Encoded: TypeAlias = Any
"""Encoder output of a batch, [batch, positions at 20 ms, width], in the engine's own keeping."""


@dataclass(frozen=True)
class Sampling:
    """How one `generate` call chooses tokens.

    beam_size     1 is greedy; above 1 only with temperature 0 (length penalty 1: mean log-probability decides).
    temperature   0 is deterministic argmax or beam; above 0 samples from the whole softmax, `best_of` times, and
                  keeps the sample with the best mean log-probability.
    max_tokens    most new tokens per row (prompt + new tokens never exceed the model's 448 positions).
    suppress      token ids that may never be produced (probability 0 at every step).
    suppress_at_start  token ids that may not be the first new token (blank, end of text).
    seed          of the random choice at temperature > 0.
    """

    beam_size: int = 1
    temperature: float = 0.0
    best_of: int = 1
    max_tokens: int = 224
    suppress: tuple[int, ...] = ()
    suppress_at_start: tuple[int, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Generated:
    """One row's answer. `tokens` excludes the prompt and the end-of-text token.

    average_log_probability  (sum of the log-probabilities of `tokens` and of end-of-text) / (len(tokens) + 1), as in
                             openai-whisper; measured at temperature 1 (plain softmax after suppression).
    no_speech_probability    softmax of <|nospeech|> at the position of <|startoftranscript|>.
    finished                 False when max_tokens stopped the row instead of end-of-text.
    """

    tokens: tuple[int, ...]
    average_log_probability: float
    no_speech_probability: float
    finished: bool


@dataclass(frozen=True)
class Alignment:
    """One row's word-time raw material from cross-attention (DTW over the alignment heads).

    path                 int [n, 2]: (index into text_tokens + end of text, encoder position of 20 ms), monotone.
    token_probabilities  softmax probability of each text token given those before it (teacher forced).
    """

    path: npt.NDArray[np.int64]
    token_probabilities: npt.NDArray[np.float32]


class Engine(Protocol):
    """A loaded model. Not safe for threads: one engine belongs to one thread at a time."""

    @property
    def facts(self) -> EngineFacts:
        """What it is: kind, model, sha256 of the weights, compute type, library version."""
        ...

    @property
    def multilingual(self) -> bool: ...

    @property
    def n_mels(self) -> int:
        """80, or 128 for large-v3 and its kin."""
        ...

    @property
    def alignment_heads(self) -> Sequence[tuple[int, int]]:
        """(decoder layer, head) pairs whose cross-attention follows the audio, from the model's config.json."""
        ...

    @property
    def batch_size(self) -> int:
        """How many windows a call should hold for the best speed on this device."""
        ...

    def features(self, audio: Sequence[Samples], frames: int) -> Features:
        """Log-mel of a batch. Each row is zero-padded IN THE AUDIO to `frames` x 160 samples before the log-mel.

        Padding in mel space with 0.0 is loud to the model and loses sentences (log_mel.py). `frames` is even and at
        most 3000.
        """
        ...

    def encode(self, features: Features) -> Encoded: ...

    def select(self, encoded: Encoded, rows: Sequence[int]) -> Encoded:
        """The given rows of a batch, in that order (rows may repeat), for the fallback and for alignment."""
        ...

    def detect_language(self, encoded: Encoded) -> list[Mapping[str, float]]:
        """Per row: language code -> probability, softmax over language tokens only. Multilingual models only."""
        ...

    def generate(self, encoded: Encoded, prompt: Sequence[int], sampling: Sampling) -> list[Generated]:
        """Decode every row from the same `prompt` (previous text, <|startoftranscript|>, language, task ...)."""
        ...

    def align(
        self,
        encoded: Encoded,
        start_sequence: Sequence[int],
        text_tokens: Sequence[Sequence[int]],
        num_frames: Sequence[int],
        *,
        median_filter_width: int = 7,
    ) -> list[Alignment]:
        """Align each row's `text_tokens` with its first `num_frames` feature frames (10 ms each, without padding).

        `start_sequence` is <|startoftranscript|> with language and task; the engine puts <|notimestamps|> after it and
        <|endoftext|> behind the text, as ctranslate2 does. Rows with no tokens give an empty path.
        """
        ...
