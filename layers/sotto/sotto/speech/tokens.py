"""Text to token ids and back, from the tokenizer.json that every model directory carries.

One tokenizer serves both engines, so that a prompt, a suppressed token and a word boundary mean the same on CPU and
GPU. Word splitting is faster-whisper's (that is openai-whisper's): on spaces, and per character for languages that
write without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from sotto.domain.options import Task
from sotto.speech.borrowed import borrowed_module

ENGLISH_END = 50256
"""<|endoftext|> of the English-only vocabulary; the multilingual one has one token more before it."""
TIMESTAMPS = 1501
"""Timestamp tokens follow <|notimestamps|>: 0.00 to 30.00 s in steps of 20 ms; tokenizer.json does not list them."""


class Tokens:
    """A model's vocabulary. Not tied to a language: those methods that need one take it."""

    def __init__(self, directory: Path) -> None:
        import tokenizers  # Rust library; only the engine's process pays for it

        self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
        self.start: int = self._id("<|startoftranscript|>")
        self.previous: int = self._id("<|startofprev|>")
        self.end: int = self._id("<|endoftext|>")
        self.multilingual = self.end > ENGLISH_END
        self.no_timestamps: int = self._id("<|notimestamps|>")
        self._splitters: dict[str, Any] = {}

    def _id(self, token: str) -> int:
        found: int | None = self._tokenizer.token_to_id(token)
        if found is None:
            raise ValueError(f"expected a Whisper tokenizer with {token}")
        return found

    def start_sequence(self, language: str, task: Task) -> tuple[int, ...]:
        """<|startoftranscript|>, with language and task where the model knows them."""
        if not self.multilingual:
            return (self.start,)
        return (self.start, self._id(f"<|{language}|>"), self._id(f"<|{task.value}|>"))

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode([token for token in tokens if token < self.end])
        return text

    def text_only(self, tokens: Sequence[int]) -> list[int]:
        """`tokens` without special tokens (end of text, languages, timestamps)."""
        return [token for token in tokens if token < self.end]

    @cached_property
    def suppressed(self) -> tuple[int, ...]:
        """Ids never to produce: brackets, notes and other things nobody says, special tokens, timestamps."""
        special = range(self.end + 1, self.no_timestamps + 1 + TIMESTAMPS)
        return tuple(sorted({*self._splitter("en").non_speech_tokens, *special}))

    @cached_property
    def suppressed_at_start(self) -> tuple[int, ...]:
        """Neither a blank nor end of text may come first, as in openai-whisper; silence is told by other measures."""
        return (self.encode(" ")[0], self.end)

    def split_words(self, tokens: Sequence[int], language: str) -> list[tuple[str, list[int]]]:
        """Words (with their leading space) and the ids of each; together they are exactly `tokens`."""
        words, ids = self._splitter(language).split_to_word_tokens(list(tokens))
        return list(zip(words, ids, strict=True))

    def _splitter(self, language: str) -> Any:
        if language not in self._splitters:
            self._splitters[language] = borrowed_module("tokenizer").Tokenizer(
                self._tokenizer, multilingual=self.multilingual, task="transcribe", language=language
            )
            self._splitters[language].language_code = language  # English-only models would forget it
        return self._splitters[language]
