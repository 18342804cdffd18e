"""The table's stream: keep the search index true to the jobs."""

from typing import Any

from sotto.entry import transcript_wiring as wiring
from sotto.entry.telemetry import make_logger
from sotto.entry.words_door import WordsDoor

logger = make_logger("index_words")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return WordsDoor(wiring.index_words(), logger)(event, context)
