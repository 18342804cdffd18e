"""Where somebody speaks: Silero's detector (v6, the ONNX file that the faster-whisper package ships).

One probability for each 32 ms. It is the base of three decisions: which audio the model gets to hear, where windows
and parts are cut, and which text is believed (text where nobody spoke is dropped, speech without text is decoded
again). Runs on one thread: it costs 4 ms of CPU for each second of audio, and a second thread would only wait.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from sotto.domain.parts import Span
from sotto.speech.borrowed import package_file
from sotto.speech.engine import SAMPLE_RATE, Samples

FRAME_SAMPLES = 512
VAD_FRAME_S = FRAME_SAMPLES / SAMPLE_RATE
"""Seconds per probability: 32 ms."""
CONTEXT_SAMPLES = 64
"""The network hears the end of the previous frame too."""
FRAMES_PER_RUN = 1024
"""33 s per call: bounds memory; larger is not faster."""
HYSTERESIS = 0.15
"""Speech that began ends only this much below the threshold, so that a weak syllable does not cut a word."""
SPEECH = 0.35
"""A frame at or above this may be speech, whatever threshold the caller chose for finding it."""
MIN_SPEECH_S = 0.1
"""A shorter burst is a click."""

Probabilities = npt.NDArray[np.float32]


class VoiceActivity:
    """The detector. It carries nothing from call to call."""

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # 0.2 s of a cold start, paid only when audio is there

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        path = str(package_file("assets/silero_vad_v6.onnx"))
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def probabilities(self, audio: Samples) -> Probabilities:
        """Speech probability of each started 32 ms of `audio` (the last frame is completed with silence)."""
        count = -(-len(audio) // FRAME_SAMPLES)
        if not count:
            return np.zeros(0, dtype=np.float32)
        padded = np.zeros(CONTEXT_SAMPLES + count * FRAME_SAMPLES, dtype=np.float32)
        padded[CONTEXT_SAMPLES : CONTEXT_SAMPLES + len(audio)] = audio
        frames = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT_SAMPLES + FRAME_SAMPLES)[::FRAME_SAMPLES]
        h = c = np.zeros((1, 1, 128), dtype=np.float32)
        found = np.empty(count, dtype=np.float32)
        for i in range(0, count, FRAMES_PER_RUN):
            block = np.ascontiguousarray(frames[i : i + FRAMES_PER_RUN])
            out, h, c = self._session.run(None, {"input": block, "h": h, "c": c})
            found[i : i + len(block)] = out.reshape(-1)
        return found


def speech_spans(probabilities: Probabilities, threshold: float, min_silence_s: float) -> list[Span]:
    """Spans of speech in seconds from the first frame: silences shorter than `min_silence_s` are bridged."""
    min_silence = max(1, round(min_silence_s / VAD_FRAME_S))
    end_below = max(threshold - HYSTERESIS, 0.01)
    spans: list[Span] = []
    start: int | None = None
    quiet = 0
    for i, probability in enumerate(probabilities):
        if probability >= threshold:
            start = i if start is None else start
            quiet = 0
        elif start is not None:
            quiet = quiet + 1 if probability < end_below or quiet else 0
            if quiet >= min_silence:
                spans.append(_span(start, i + 1 - quiet))
                start, quiet = None, 0
    if start is not None:
        spans.append(_span(start, len(probabilities) - quiet))
    return [span for span in spans if span.length >= MIN_SPEECH_S]


def _span(first: int, end: int) -> Span:
    return Span(round(first * VAD_FRAME_S, 3), round(end * VAD_FRAME_S, 3))
