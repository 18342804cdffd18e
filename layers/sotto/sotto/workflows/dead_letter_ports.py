"""What dead letters need of the outside world. Every method may raise Unavailable."""

from __future__ import annotations

from typing import Protocol

from sotto.domain.dead_letters import DeadLetter, LetterFilter, LetterPage


class DeadLetters(Protocol):
    """Letters by owner and id; they go by themselves after 30 days."""

    def keep(self, letter: DeadLetter) -> None:
        """Store it; a second time changes nothing."""
        ...

    def page(self, wanted: LetterFilter, *, limit: int, cursor: str | None) -> LetterPage:
        """Raises InvalidInput for a cursor that was not given."""
        ...

    def drop(self, letter: DeadLetter) -> None: ...
