"""The labelled set: what the report tells a reader to check holds most of what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.word_errors import _edits, normal_words
from tests.speech.conftest import Hear
from tests.speech.test_recordings import ENGLISH

pytestmark = pytest.mark.speech


def test_spots_hold_most_errors_and_little_of_the_rest(hear: Hear, voice: np.ndarray) -> None:
    random = np.random.default_rng(8)
    errors = caught = words_seen = words_flagged = 0
    for share in (0.1, 0.15, 0.2, 0.25):
        result = hear(voice + random.standard_normal(len(voice)) * voice.std() * share)
        words = [word for segment in result.segments for word in segment.words]
        spots = result.quality.spots
        flagged = {i for i, w in enumerate(words) if any(s.start <= w.start and w.end <= s.end for s in spots)}
        found, owner = [], []
        for i, word in enumerate(words):
            normal = normal_words(word.text)
            found += normal
            owner += [i] * len(normal)
        last = 0
        expected = normal_words(ENGLISH)
        for i, j in _edits(expected, found):
            last = owner[j] if j is not None else last
            if i is not None and j is not None and expected[i] == found[j]:
                continue
            errors += 1
            near = {last, min(last + 1, len(words) - 1)} if j is None else {last}  # a lost word shows in a neighbour
            caught += bool(near & flagged)
        words_seen += len(words)
        words_flagged += len(flagged)
    assert errors > 10
    assert caught / errors > 0.5
    assert words_flagged / words_seen < 0.5
    assert caught / errors > 1.3 * words_flagged / words_seen
