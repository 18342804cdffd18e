"""Does the torch engine on this device say what CTranslate2 says on the CPU in float32?

Real weights, real short clips, one window each and no policy around: what differs comes from the engine and its
number format alone. The word errors of each against the reference stand beside it, because a few flipped words may be
better or worse.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sotto.speech.engine import Sampling
from sotto.speech.model_files import ModelFiles
from sotto.speech.tokens import Tokens
from sotto.speech.torch_engine import load_engine
from tests.benchmarks.clips import Clip, decode
from tests.benchmarks.gpu_speed import FRAMES
from tests.benchmarks.word_errors import WordErrors, compare


def compare_texts(model: ModelFiles, clips: list[Clip], device: str, compute_type: str) -> dict[str, Any]:
    """Word errors of torch on `device` against CTranslate2's text and of both against the references."""
    short = [clip for clip in clips if clip.duration_s <= 30]
    ours, theirs = _torch_texts(model, short, device, compute_type), _ctranslate2_texts(model, short)
    against_ctranslate2, torch_errors, ctranslate2_errors = WordErrors(), WordErrors(), WordErrors()
    for clip, our, their in zip(short, ours, theirs, strict=True):
        against_ctranslate2.add(compare(their, our))
        torch_errors.add(compare(clip.reference, our))
        ctranslate2_errors.add(compare(clip.reference, their))
    return {
        "model": model.name,
        "compute_type": compute_type,
        "clips": len(short),
        "same_text": sum(our == their for our, their in zip(ours, theirs, strict=True)),
        "torch_against_ctranslate2": against_ctranslate2.as_dict(),
        "torch_against_reference": torch_errors.as_dict(),
        "ctranslate2_against_reference": ctranslate2_errors.as_dict(),
    }


def _torch_texts(model: ModelFiles, clips: list[Clip], device: str, compute_type: str) -> list[str]:
    engine, tokens = (
        load_engine(model, device=device, compute_type=compute_type),
        Tokens(model.directory),
    )
    encoded = engine.encode(engine.features([decode(clip.path) for clip in clips], FRAMES))
    answers = engine.generate(encoded, engine.tokenizer.sot_sequence_including_notimestamps, _sampling(tokens))
    return [tokens.decode(answer.tokens).strip() for answer in answers]


def _ctranslate2_texts(model: ModelFiles, clips: list[Clip]) -> list[str]:
    import ctranslate2

    from sotto.speech.log_mel import log_mel

    whisper, tokens = ctranslate2.models.Whisper(str(model.directory), compute_type="float32"), Tokens(model.directory)
    rules, texts = _sampling(tokens), []
    start = [
        tokens.start,
        *([tokens.start + 1, tokens.no_timestamps - 4] if tokens.multilingual else []),
        tokens.no_timestamps,
    ]
    for clip in clips:
        features = log_mel([decode(clip.path).astype(np.float32) / 32768], FRAMES, whisper.n_mels)
        encoded = whisper.encode(ctranslate2.StorageView.from_array(features))
        (answer,) = whisper.generate(
            encoded, [start], beam_size=1, suppress_tokens=list(rules.suppress), suppress_blank=True, max_length=448
        )
        texts.append(tokens.decode(answer.sequences_ids[0]).strip())
    return texts


def _sampling(tokens: Tokens) -> Sampling:
    return Sampling(suppress=tokens.suppressed, suppress_at_start=tokens.suppressed_at_start)
