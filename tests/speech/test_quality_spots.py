"""The labelled set: what the report tells a reader to check holds most of what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.policy_checks import Flagged
from tests.speech.conftest import Hear
from tests.speech.test_recordings import ENGLISH

pytestmark = pytest.mark.speech


def test_spots_hold_most_errors_and_little_of_the_rest(hear: Hear, voice: np.ndarray) -> None:
    random, flagged = np.random.default_rng(8), Flagged()
    for noise in (0.1, 0.15, 0.2, 0.25):
        result = hear(voice + random.standard_normal(len(voice)) * voice.std() * noise)
        words = [word for segment in result.segments for word in segment.words]
        flagged.add(ENGLISH, words, result.quality.spots)
    caught, read = flagged.errors_in_spots / flagged.errors, flagged.words_in_spots / flagged.words
    assert flagged.errors > 10
    assert caught > 0.5
    assert read < 0.5
    assert caught > 1.3 * read
