"""Join the parts of a recording into one transcript body, losing and doubling nothing.

Parts meet exactly: both neighbours chose the same cut from the same window. The joiner checks that instead of
repairing it, because parts that do not meet would mean lost or doubled words.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sotto.domain.errors import SottoError
from sotto.domain.speakers import with_speakers
from sotto.domain.transcript import EngineFacts, PartTranscript, Quality, Segment, Word

CUT_TOLERANCE_S = 0.002  # cuts are rounded to a millisecond


class PartsDoNotMeet(SottoError):
    """A defect of ours, never the caller's: it must be seen, not smoothed over."""

    code = "parts_do_not_meet"
    default_hint = "Retry the job and report its id: this is a defect of the service."


@dataclass(frozen=True)
class Joined:
    """What the parts say together. `wall_s` and `cpu_s` are the engine's, summed over the parts."""

    language: str
    language_probability: float | None
    segments: tuple[Segment, ...]
    quality: Quality
    warnings: tuple[str, ...]
    engine: EngineFacts
    words: int
    wall_s: float
    cpu_s: float


def join_parts(parts: Sequence[PartTranscript], max_speakers: int | None = None) -> Joined:
    """Join `parts`, in order of index and without gaps. Raises PartsDoNotMeet."""
    if not parts:
        raise PartsDoNotMeet("join: expected at least one part, found none")
    for number, part in enumerate(parts):
        if part.index != number:
            raise PartsDoNotMeet(f"join: expected part {number}, found part {part.index}")
        before = parts[number - 1].end if number else 0.0
        if abs(part.start - before) > CUT_TOLERANCE_S:
            raise PartsDoNotMeet(f"join: expected part {number} to start at {before:.3f} s, found {part.start:.3f} s")
    first = parts[0]
    segments = _numbered(with_speakers(parts, max_speakers))
    return Joined(
        language=first.language,
        language_probability=first.language_probability,
        segments=segments,
        quality=join_quality([part.quality for part in parts]),
        warnings=tuple(dict.fromkeys(warning for part in parts for warning in part.warnings)),
        engine=first.engine,
        words=sum(len(segment.words) for segment in segments),
        wall_s=round(sum(part.wall_s for part in parts), 3),
        cpu_s=round(sum(part.cpu_s for part in parts), 3),
    )


def _numbered(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The segments with their words numbered from 0: the ids that edits and search refer to."""
    ids = itertools.count()

    def number(word: Word) -> Word:
        return word.model_copy(update={"id": next(ids)})

    return tuple(segment.model_copy(update={"words": tuple(map(number, segment.words))}) for segment in segments)


def join_quality(parts: Sequence[Quality]) -> Quality:
    """Counts and seconds add up; the score is weighted by each part's seconds of speech."""
    scored = [(quality.score, quality.speech_s) for quality in parts if quality.score is not None]
    weight = sum(seconds for _, seconds in scored)
    languages: Counter[str] = Counter()
    for quality in parts:
        languages.update(quality.languages)
    return Quality(
        score=round(sum(score * seconds for score, seconds in scored) / weight, 4) if weight else None,
        speech_s=round(sum(quality.speech_s for quality in parts), 3),
        spots=tuple(spot for quality in parts for spot in quality.spots),
        loops_found=sum(quality.loops_found for quality in parts),
        windows=sum(quality.windows for quality in parts),
        windows_decoded_again=sum(quality.windows_decoded_again for quality in parts),
        windows_dropped=sum(quality.windows_dropped for quality in parts),
        languages={code: round(seconds, 3) for code, seconds in languages.items()},
    )
