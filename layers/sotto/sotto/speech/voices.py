"""The voices of a part, and which of them says each word.

Windows of 1.6 s are laid over the speech, never across a silence, and the encoder gives each a direction. Windows that
point the same way are a voice (domain/speakers.py, which joins the voices of all parts by the same rule). Each word
goes to the voice that its windows are most like; a change of speaker costs something, less behind a pause or the end of
a sentence, so that one odd window does not tear a sentence apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sotto.domain.parts import Span
from sotto.domain.speakers import grouped, turns_of
from sotto.domain.transcript import Turn, Voice, Word
from sotto.speech.engine import Samples
from sotto.speech.voice_activity import Probabilities, speech_spans
from sotto.speech.voice_encoder import FRAME_S, WINDOW_FRAMES, VoiceEncoder, mel_frames

STEP_FRAMES = 80
"""Half a window: a word is heard by two."""
THRESHOLD = 0.5
"""Speech for this purpose, whatever threshold the caller chose for finding text."""
PAUSE_S = 0.2
"""A silence that no window crosses: people change behind one."""
SHORTEST_FRAMES = 40
"""Less speech than this between two pauses says nothing about who it is."""
BLOCK = 300
"""Windows that are grouped at once, about 4 minutes: grouping costs the square of their number."""
CHANGE = 0.5
CHANGE_AT_PAUSE = 0.1
"""What a change of speaker costs, in similarity times seconds. The right voice is 0.3 to 0.4 more like than a wrong
one, so a change has to last a second and a half inside a sentence, and a third of a second behind a pause."""
_ENDS = (".", "?", "!", "…", "。", "？", "！")


@dataclass(frozen=True)
class Heard:
    """What a part's result keeps."""

    voices: tuple[Voice, ...]
    turns: tuple[Turn, ...]


def tell_apart(
    audio: Samples, speech: Probabilities, words: Sequence[Word], offset_s: float, encoder: VoiceEncoder
) -> Heard:
    """Who says `words` (in order, in seconds of the recording) in a part that begins at `offset_s`.

    Nothing at all where there is too little speech to know a voice by. Raises ModelUnavailable.
    """
    spans, windows = _windows(audio, speech)
    if not spans or not words:
        return Heard((), ())
    vectors = encoder.encode(windows)
    voices: list[Voice] = []
    for at in range(0, len(vectors), BLOCK):
        block = vectors[at : at + BLOCK]
        for group in grouped((block @ block.T).tolist(), [1.0] * len(block)):
            mean = tuple(round(float(value), 4) for value in block[group].mean(axis=0))
            voices.append(Voice(id=len(voices), seconds=round(len(group) * STEP_FRAMES * FRAME_S, 1), mean=mean))
    likeness = _likeness(words, offset_s, spans, vectors, voices)
    said = _cheapest(words, likeness)
    return Heard(
        tuple(voices), turns_of((word.start, word.end, voice) for word, voice in zip(words, said, strict=True))
    )


def _windows(audio: Samples, speech: Probabilities) -> tuple[list[Span], npt.NDArray[np.float32]]:
    """Spans in seconds of the part, and the mel frames of each, [n, WINDOW_FRAMES, mels]."""
    frames = mel_frames(audio)
    spans, windows = [], []
    for span in speech_spans(speech, THRESHOLD, PAUSE_S):
        first, end = round(span.start / FRAME_S), min(round(span.end / FRAME_S), len(frames))
        if end - first < SHORTEST_FRAMES:
            continue
        if end - first < WINDOW_FRAMES:  # said again until the window is full
            spans.append(Span(first * FRAME_S, end * FRAME_S))
            windows.append(np.resize(frames[first:end], (WINDOW_FRAMES, frames.shape[1])))
            continue
        for start in (*range(first, end - WINDOW_FRAMES, STEP_FRAMES), end - WINDOW_FRAMES):
            spans.append(Span(start * FRAME_S, (start + WINDOW_FRAMES) * FRAME_S))
            windows.append(frames[start : start + WINDOW_FRAMES])
    return spans, np.stack(windows) if windows else np.zeros((0, WINDOW_FRAMES, frames.shape[1]), dtype=np.float32)


def _likeness(
    words: Sequence[Word],
    offset_s: float,
    spans: Sequence[Span],
    vectors: npt.NDArray[np.float32],
    voices: Sequence[Voice],
) -> npt.NDArray[np.float32]:
    """Similarity of each word to each voice [words, voices]: the mean of the windows that hear it, or the nearest's."""
    means = np.array([voice.mean for voice in voices], dtype=np.float32)
    similar = vectors @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T
    starts, ends = np.array([span.start for span in spans]), np.array([span.end for span in spans])
    out = np.empty((len(words), len(voices)), dtype=np.float32)
    for row, word in enumerate(words):
        middle = (word.start + word.end) / 2 - offset_s
        away = np.maximum(np.maximum(starts - middle, middle - ends), 0.0)
        out[row] = similar[away == away.min()].mean(axis=0)
    return out


def _cheapest(words: Sequence[Word], likeness: npt.NDArray[np.float32]) -> list[int]:
    """The voice of each word: the most likeness for the fewest changes (Viterbi)."""
    seconds = np.array([max(word.end - word.start, 0.1) for word in words], dtype=np.float32)
    gains = likeness * seconds[:, None]
    total, back = gains[0], []
    for row in range(1, len(words)):
        before, word = words[row - 1], words[row]
        paused = word.start - before.end >= PAUSE_S or before.text.rstrip("\"'”’)»").endswith(_ENDS)
        best = int(total.argmax())
        changed = total[best] - (CHANGE_AT_PAUSE if paused else CHANGE)
        stays = total >= changed
        back.append(np.where(stays, np.arange(len(total)), best))
        total = np.where(stays, total, changed) + gains[row]
    path = [int(total.argmax())]
    for step in reversed(back):
        path.append(int(step[path[-1]]))
    return path[::-1]
