"""Words as they are searched: folded, so that case, accents and apostrophes make no difference.

Scripts that write no spaces are searched letter by letter: a query of several letters is a phrase of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from sotto.domain.errors import InvalidInput

MAX_TERM_CHARS = 40
MAX_QUERY_CHARS = 200
MAX_CLAUSES = 8
MIN_PREFIX_CHARS = 2
# Kana, Han, Thai, Lao, Khmer, Myanmar.
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1780-\u17ff\u1000-\u109f"
_TOKEN = re.compile(f"[{_ALONE}]|[^\\W_{_ALONE}]+(?:['’][^\\W_{_ALONE}]+)*")
_CHUNK = re.compile(r'"([^"]*)"|(\S+)')


@dataclass(frozen=True)
class Token:
    """A term, and where it stands in the text (NFC), in characters."""

    term: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The terms of `text` in order. The text must be in NFC for the places to be right."""
    for found in _TOKEN.finditer(text):
        if (term := _folded(found[0]))[:MAX_TERM_CHARS]:
            yield Token(term[:MAX_TERM_CHARS], found.start(), found.end())


def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word).casefold()
    return "".join(letter for letter in apart if letter.isalnum())


@dataclass(frozen=True)
class Clause:
    """What must be found: terms that follow each other, or (`prefix`) any term that begins so."""

    terms: tuple[str, ...]
    prefix: bool = False


def parse_query(query: str) -> tuple[Clause, ...]:
    """The clauses of `query`, which must all be found. Raises InvalidInput, which says what is searchable.

    `word`, `begin*`, `"a phrase"`; what holds several terms by itself (well-known, 東京) is a phrase.
    """
    if len(query) > MAX_QUERY_CHARS:
        raise InvalidInput("q", expected=f"at most {MAX_QUERY_CHARS} characters", found=len(query))
    clauses: dict[Clause, None] = {}
    for quoted, plain in _CHUNK.findall(unicodedata.normalize("NFC", query)):
        prefix = not quoted and plain.endswith("*")
        terms = tuple(token.term for token in tokens(quoted or plain))
        if not terms:
            continue
        if prefix and (len(terms) > 1 or len(terms[0]) < MIN_PREFIX_CHARS):
            raise InvalidInput("q", expected=f"{MIN_PREFIX_CHARS} letters or more of one word before *", found=plain)
        clauses[Clause(terms, prefix)] = None
    if not 1 <= len(clauses) <= MAX_CLAUSES:
        raise InvalidInput("q", expected=f"1 to {MAX_CLAUSES} words or phrases", found=query)
    return tuple(clauses)
