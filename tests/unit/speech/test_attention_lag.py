"""Words are set back by what was measured for their model, and only by that."""

from __future__ import annotations

import numpy as np
import pytest

from sotto.speech.attention_lag import attention_lag
from sotto.speech.engine import Alignment
from sotto.speech.words import timed_words


def test_only_measured_models_have_a_lag():
    assert attention_lag("tiny.en") > 0 > attention_lag("base")
    assert attention_lag("large-v3") == 0.0


@pytest.mark.parametrize(("lag_s", "expected"), [(0.0, [10.0, 10.4]), (0.1, [10.0, 10.3]), (-0.06, [10.06, 10.46])])
def test_words_move_by_the_lag_but_not_out_of_their_window(lag_s, expected):
    path = np.array([[0, 0], [1, 20], [2, 50]], dtype=np.int64)
    words = timed_words([(" Good", [1]), (" day", [2])], Alignment(path, np.ones(2, np.float32)), 10.0, lag_s)
    assert [word.start for word in words] == pytest.approx(expected)
