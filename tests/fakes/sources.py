"""Somebody else's server in memory: what it serves, and what it is told to do wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sotto.domain.errors import InvalidInput, SottoError, SourceNotFound, SourceUnavailable
from sotto.domain.sources import Download, SourceFacts

CHUNK = 1024 * 1024


@dataclass
class InMemorySources:
    """Implements workflows.fetch_ports.Sources. `breaks_at` cuts the connection after so many bytes of an answer."""

    content: dict[str, bytes] = field(default_factory=dict)
    validator: str | None = '"1"'
    says_size: bool = True
    ranges: bool = True
    breaks_at: int | None = None
    error: SottoError | None = None
    asked: list[int] = field(default_factory=list)
    before_chunk: Callable[[], None] = lambda: None

    def check(self, url: str) -> None:
        if "internal" in url:
            raise InvalidInput("source_url", expected="a host whose addresses are all on the internet", found=url)

    @contextmanager
    def open(self, url: str, *, first_byte: int, validator: str | None) -> Iterator[Download]:
        self.asked.append(first_byte)
        if self.error:
            raise self.error
        if url not in self.content:
            raise SourceNotFound("source: expected a recording, found status 404")
        content = self.content[url]
        first = first_byte if self.ranges and validator and validator == self.validator else 0
        facts = SourceFacts(len(content) if self.says_size else None, self.validator)
        yield Download(facts, first, self._chunks(content[first:]))

    def _chunks(self, content: bytes) -> Iterator[bytes]:
        for start in range(0, len(content), CHUNK):
            self.before_chunk()
            if self.breaks_at is not None and start >= self.breaks_at:
                raise SourceUnavailable("source: expected its next bytes, found a broken connection")
            yield content[start : start + CHUNK]
