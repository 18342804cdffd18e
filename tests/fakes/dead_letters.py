"""Dead letters in memory."""

from __future__ import annotations

from dataclasses import asdict

from sotto.domain.dead_letters import DeadLetter, LetterFilter, LetterPage
from sotto.domain.errors import InvalidInput


class InMemoryDeadLetters:
    """Implements workflows.dead_letter_ports.DeadLetters. A cursor is the time and id of the last letter."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], DeadLetter] = {}

    def keep(self, letter: DeadLetter) -> None:
        self.rows.setdefault((letter.owner, letter.id), letter)

    def page(self, wanted: LetterFilter, *, limit: int, cursor: str | None) -> LetterPage:
        if cursor is not None and "#" not in cursor:
            raise InvalidInput("cursor", expected="the next_cursor of an earlier page", found=cursor)
        keyed = {f"{one.died_at}#{one.id}": one for one in self.rows.values()}
        names = sorted((name for name in keyed if cursor is None or name < cursor), reverse=True)
        page = [keyed[name] for name in names[:limit]]
        agreeing = tuple(one for one in page if _facts(one).items() >= wanted.named.items())
        return LetterPage(agreeing, names[limit - 1] if len(names) > limit else None)

    def drop(self, letter: DeadLetter) -> None:
        self.rows.pop((letter.owner, letter.id), None)


def _facts(letter: DeadLetter) -> dict[str, object]:
    return {**asdict(letter), "code": letter.failure.code}
