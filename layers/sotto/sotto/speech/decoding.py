"""The decoding policy: one for every engine.

Windows of like length share a batch. They are decoded without timestamp tokens (which lose the tail of a window in a
batched decoder); times come from cross-attention. Each window is judged by what was measured in it, and those that
fail are decoded again together: first the whole 30 s frame with a beam, then with rising temperature, the best attempt
wins. Speech at a window's end that got no text becomes a window of its own. So a loop, an invented sentence or a lost
one does not reach the transcript, and the price is paid only by the windows that fail.

Every window hears the same prompt (the caller's, and his hotwords): none waits for the text of the one before, which is
what makes batches and parts possible, and why a mistake cannot travel from window to window.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sotto.domain.options import Options
from sotto.domain.parts import Span
from sotto.speech.attention_lag import attention_lag
from sotto.speech.engine import SAMPLE_RATE, WINDOW_S, Encoded, Engine, Generated, Samples, Sampling
from sotto.speech.judging import (
    MAX_COMPRESSION,
    MIN_LOG_PROBABILITY,
    NO_SPEECH,
    Reason,
    agree,
    compression_ratio,
    is_heard,
    is_loop,
    longest_repetition,
    longest_uncovered,
)
from sotto.speech.tokens import Tokens
from sotto.speech.voice_activity import VAD_FRAME_S, Probabilities
from sotto.speech.windows import Window
from sotto.speech.words import TimedWord, timed_words, trim_to_speech

Item = TypeVar("Item")

TRAIL_S = 2.0
"""Silence after the longest window of a batch; with none, the model clips last words."""
MAX_TOKENS = 224
MAX_PROMPT_TOKENS = 223
FALLBACK = (
    Sampling(beam_size=5),
    Sampling(temperature=0.4, best_of=5),
    Sampling(temperature=0.8, best_of=5),
)
SWITCH_LANGUAGE = 0.8
"""A window is decoded in another language than the recording's only at this probability, and ..."""
SWITCH_AFTER_S = 3.0
"""... with this much speech in it."""


@dataclass(frozen=True)
class Decoded:
    """A window's text and everything measured about it."""

    window: Window
    language: str
    tokens: tuple[int, ...]
    text: str
    words: tuple[TimedWord, ...]
    average_log_probability: float
    compression_ratio: float
    no_speech_probability: float
    temperature: float
    reasons: tuple[Reason, ...]
    uncovered: Span | None
    heard: bool
    looped_first: bool = False
    decoded_again: bool = False

    @property
    def rank(self) -> tuple[bool, int, float]:
        """The better of two attempts has the higher rank."""
        return (Reason.LOOP not in self.reasons, -len(self.reasons), self.average_log_probability)

    @property
    def silent(self) -> bool:
        """Nobody speaks: two of three witnesses say so (the model, the probability of its text, the detector)."""
        improbable = self.average_log_probability < MIN_LOG_PROBABILITY
        return sum((self.no_speech_probability > NO_SPEECH, improbable, not self.heard)) >= 2


@dataclass
class Decoder:
    """Decodes the windows of one part. `switching` allows a window another language than the recording's."""

    engine: Engine
    tokens: Tokens
    options: Options
    language: str
    switching: bool

    def decode(
        self,
        audio: Samples,
        windows: Sequence[Window],
        speech: Probabilities,
        on_done: Callable[[float], None],
    ) -> list[Decoded]:
        """The text of each window, in order of time. `on_done` gets the share of windows' time that is done.

        It gets the same share again between the steps of a batch and while windows are decoded again, so that what it
        raises ends the work soon.
        """
        total = sum(window.length for window in windows) or 1.0
        found: dict[float, Decoded] = {}
        done = 0.0
        part = _Part(audio, speech, lambda: on_done(done / total))
        for batch in _batches(sorted(windows, key=lambda window: window.length), self.engine.batch_size):
            for decoded in self._attempt(part, batch, self._first_sampling(), whole=False):
                looped = Reason.LOOP in decoded.reasons
                found[decoded.window.start] = replace(decoded, looped_first=looped)
            done += sum(window.length for window in batch)
            part.step()
        for sampling in FALLBACK:
            failed = [decoded for decoded in found.values() if decoded.reasons and not decoded.silent]
            self._again(part, failed, found, sampling)
        tails = [tail for decoded in found.values() if (tail := _tail(decoded))]
        for batch in _batches(tails, self.engine.batch_size):
            for decoded in self._attempt(part, batch, FALLBACK[0], whole=True):
                found[decoded.window.start] = replace(decoded, decoded_again=True)
        return [self._without_loop(found[start]) for start in sorted(found)]

    def _first_sampling(self) -> Sampling:
        warm = self.options.temperature > 0
        return Sampling(
            beam_size=self.options.beam_size, temperature=self.options.temperature, best_of=5 if warm else 1
        )

    def _again(self, part: _Part, failed: list[Decoded], found: dict[float, Decoded], sampling: Sampling) -> None:
        for batch in _batches(failed, self.engine.batch_size):
            attempts = self._attempt(part, [decoded.window for decoded in batch], sampling, whole=True)
            for before, now in zip(batch, attempts, strict=True):
                if Reason.LOOP not in before.reasons and agree(now.text, before.text):
                    now = replace(now, reasons=_lasting(now.reasons))  # noqa: PLW2901 - two ways, one text: believed
                best = max(before, now, key=lambda decoded: decoded.rank)
                found[before.window.start] = replace(best, looped_first=before.looped_first, decoded_again=True)

    def _attempt(self, part: _Part, windows: Sequence[Window], sampling: Sampling, *, whole: bool) -> list[Decoded]:
        """Decode `windows` as one batch, in their order."""
        longest = WINDOW_S if whole else min(WINDOW_S, max(window.length for window in windows) + TRAIL_S)
        audio = [part.samples(window) for window in windows]
        encoded = self.engine.encode(self.engine.features(audio, math.ceil(longest) * 100))
        part.step()
        by_language: dict[str, list[int]] = defaultdict(list)
        for row, language in enumerate(self._languages(encoded, windows)):
            by_language[language].append(row)
        answers: dict[int, Decoded] = {}
        for language, rows in by_language.items():
            chosen = encoded if len(rows) == len(windows) else self.engine.select(encoded, rows)
            decoded = self._generate(part, chosen, [windows[row] for row in rows], language, sampling)
            answers.update(zip(rows, decoded, strict=True))
        return [answers[row] for row in range(len(windows))]

    def _languages(self, encoded: Encoded, windows: Sequence[Window]) -> list[str]:
        if not (self.switching and self.engine.multilingual):
            return [self.language] * len(windows)
        languages = []
        for window, row in zip(windows, self.engine.detect_language(encoded), strict=True):
            code = max(row, key=row.__getitem__)
            sure = row[code] >= SWITCH_LANGUAGE and window.speech_s >= SWITCH_AFTER_S
            languages.append(code if sure else self.language)
        return languages

    def _generate(
        self, part: _Part, encoded: Encoded, windows: Sequence[Window], language: str, sampling: Sampling
    ) -> list[Decoded]:
        start = self.tokens.start_sequence(language, self.options.task)
        prompt = (*self._context(), *start, self.tokens.no_timestamps)
        sampling = replace(
            sampling,
            max_tokens=MAX_TOKENS,
            suppress=self.tokens.suppressed,
            suppress_at_start=self.tokens.suppressed_at_start,
        )
        generated = self.engine.generate(encoded, prompt, sampling)
        part.step()
        texts = [self.tokens.text_only(row.tokens) for row in generated]
        frames = [max(2, min(3000, round(window.length * 100))) for window in windows]
        aligned = self.engine.align(encoded, start, texts, frames)
        lag_s = attention_lag(self.engine.facts.model)
        answers = []
        for window, row, ids, alignment in zip(windows, generated, texts, aligned, strict=True):
            words = timed_words(self.tokens.split_words(ids, language), alignment, window.start, lag_s)
            words = trim_to_speech(words, part.speech)
            answers.append(self._judged(part, window, language, row, words, sampling.temperature))
        return answers

    def _context(self) -> tuple[int, ...]:
        """The caller's prompt and hotwords, as text that came before; hotwords are kept when it gets too long."""
        text = " ".join(filter(None, (self.options.prompt, self.options.hotwords))).strip()
        if not text:
            return ()
        return (self.tokens.previous, *self.tokens.encode(" " + text)[-MAX_PROMPT_TOKENS:])

    def _judged(
        self,
        part: _Part,
        window: Window,
        language: str,
        row: Generated,
        words: list[TimedWord],
        temperature: float,
    ) -> Decoded:
        text = self.tokens.decode(row.tokens)
        ratio = compression_ratio(text)
        repetition = longest_repetition(row.tokens)
        loop = is_loop(repetition, len(row.tokens), window.speech_s, finished=row.finished)
        spans = [Span(word.start, word.end) for word in words]
        uncovered = longest_uncovered(
            spans, part.window_speech(window), self.options.voice_activity_threshold, window.start
        )
        failed = {
            Reason.LOOP: loop,
            Reason.REPETITIVE: ratio > MAX_COMPRESSION,
            Reason.IMPROBABLE: row.average_log_probability < MIN_LOG_PROBABILITY,
            Reason.UNFINISHED: not row.finished,
            Reason.UNCOVERED: uncovered is not None,
        }
        return Decoded(
            window=window,
            language=language,
            tokens=row.tokens,
            text=text,
            words=tuple(words),
            average_log_probability=row.average_log_probability,
            compression_ratio=ratio,
            no_speech_probability=row.no_speech_probability,
            temperature=temperature,
            reasons=tuple(reason for reason, holds in failed.items() if holds),
            uncovered=uncovered,
            heard=is_heard(part.window_speech(window)),
        )

    def _without_loop(self, decoded: Decoded) -> Decoded:
        """When no attempt could break a loop, keep what was said once."""
        repetition = longest_repetition(decoded.tokens) if Reason.LOOP in decoded.reasons else None
        if repetition is None:
            return decoded
        kept = decoded.tokens[: repetition.start + repetition.unit]
        text = self.tokens.decode(kept)
        words, length = [], 0
        for word in decoded.words:
            length += len(word.text)
            if length > len(text):
                break
            words.append(word)
        return replace(decoded, tokens=kept, text=text, words=tuple(words))


def _lasting(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Somebody really repeats himself when two ways of decoding agree on it; the other reasons stand."""
    return tuple(reason for reason in reasons if reason is not Reason.REPETITIVE)


def _tail(decoded: Decoded) -> Window | None:
    """Speech behind the last word that no attempt gave a text to: a window of its own."""
    lost = decoded.uncovered
    if lost is None or decoded.silent or any(word.start > lost.start for word in decoded.words):
        return None
    start = max(lost.start - 0.2, decoded.words[-1].end if decoded.words else decoded.window.start)
    if start <= decoded.window.start:
        return None
    return Window(round(start, 3), decoded.window.end, round(lost.length, 3))


def _batches(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[i : i + size] for i in range(0, len(items), size)]


@dataclass(frozen=True)
class _Part:
    """The audio of a part and its speech probabilities, both from second 0 of the part; `step` is told of each step."""

    audio: Samples
    speech: Probabilities
    step: Callable[[], None]

    def samples(self, window: Window) -> Samples:
        return self.audio[round(window.start * SAMPLE_RATE) : round(window.end * SAMPLE_RATE)]

    def window_speech(self, window: Window) -> Probabilities:
        return self.speech[int(window.start / VAD_FRAME_S) : math.ceil(window.end / VAD_FRAME_S)]
