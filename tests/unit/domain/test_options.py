"""What may be asked of the engine, and of which service."""

from __future__ import annotations

import pytest

from sotto.domain.errors import InvalidInput
from sotto.domain.options import MODELS, SPEAKER_MODEL, Options, Task, check_options


@pytest.mark.parametrize(
    "wrong",
    [
        Options(model="tiny.en", task=Task.TRANSLATE),
        Options(model="tiny.en", language="de"),
        Options(model="base", language="xx"),
        Options(model="gigantic"),
        Options(speakers=True, word_times=False),
        Options(max_speakers=2),
    ],
)
def test_what_a_model_cannot_do_is_refused(wrong: Options) -> None:
    with pytest.raises(InvalidInput):
        check_options(wrong, frozenset({*MODELS, SPEAKER_MODEL}))


def test_what_tells_speakers_apart_is_no_model_to_choose() -> None:
    with pytest.raises(InvalidInput, match=r"expected one of tiny\.en, found 'voices'"):
        check_options(Options(model=SPEAKER_MODEL), frozenset({"tiny.en", SPEAKER_MODEL}))


def test_speakers_are_refused_where_nothing_tells_them_apart() -> None:
    wanted = Options(model="tiny.en", speakers=True)
    assert check_options(wanted, frozenset({"tiny.en", SPEAKER_MODEL})) == wanted
    with pytest.raises(InvalidInput, match="no model that tells speakers apart"):
        check_options(wanted, frozenset({"tiny.en"}))
