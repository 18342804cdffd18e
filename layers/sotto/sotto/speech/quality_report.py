"""What was measured about trust in the text: a score, and the spots a reader should check.

score   the mean probability of the words, weighted by the time each takes.
spots   where the text is most likely wrong:
        - words that the model itself gave little probability (below DOUBTFUL), neighbours joined;
        - windows that no decoding made good (a loop cut off, improbable text, speech without text);
        - text that was dropped because nobody speaks there.
docs/benchmarks.md shows on labelled recordings how many of the errors lie in these spots.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sotto.domain.parts import Span
from sotto.domain.transcript import Quality, Segment, Spot, Word
from sotto.speech.decoding import Decoded

DOUBTFUL = 0.7
NEIGHBOURS_S = 0.5
"""Doubtful words closer together than this are one spot."""


def quality_report(
    segments: Sequence[Segment],
    words: Sequence[Word],
    decoded: Sequence[Decoded],
    dropped: Sequence[Decoded],
    speech: Sequence[Span],
    offset_s: float,
) -> Quality:
    """The report of one part. `words` are its words also when the caller did not ask for their times."""
    weight = sum(word.end - word.start for word in words)
    languages: dict[str, float] = defaultdict(float)
    for segment in segments:
        languages[segment.language] += segment.end - segment.start
    spots = [*_doubtful(words), *_failed(decoded, offset_s), *_dropped(dropped, offset_s)]
    return Quality(
        score=round(sum(w.heard * (w.end - w.start) for w in words) / weight, 4) if weight > 0 else None,
        speech_s=round(sum(span.length for span in speech), 3),
        spots=tuple(sorted(spots, key=lambda spot: (spot.start, spot.end))),
        loops_found=sum(one.looped_first for one in (*decoded, *dropped)),
        windows=len(decoded) + len(dropped),
        windows_decoded_again=sum(one.decoded_again for one in (*decoded, *dropped)),
        windows_dropped=len(dropped),
        languages={code: round(seconds, 3) for code, seconds in languages.items()},
    )


def _doubtful(words: Sequence[Word]) -> list[Spot]:
    spots: list[Spot] = []
    for word in words:
        if word.heard >= DOUBTFUL:
            continue
        if spots and word.start - spots[-1].end <= NEIGHBOURS_S:
            spots[-1] = spots[-1].model_copy(update={"end": word.end})
        else:
            spots.append(Spot(start=word.start, end=word.end, reason="doubtful words"))
    return spots


def _failed(decoded: Sequence[Decoded], offset_s: float) -> list[Spot]:
    return [
        Spot(
            start=round(offset_s + (one.uncovered.start if one.uncovered else one.window.start), 3),
            end=round(offset_s + (one.uncovered.end if one.uncovered else one.window.end), 3),
            reason=", ".join(one.reasons),
        )
        for one in decoded
        if one.reasons
    ]


def _dropped(dropped: Sequence[Decoded], offset_s: float) -> list[Spot]:
    return [
        Spot(
            start=round(offset_s + one.window.start, 3),
            end=round(offset_s + one.window.end, 3),
            reason="text without speech, dropped",
        )
        for one in dropped
    ]
