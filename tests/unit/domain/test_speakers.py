"""Voices of several parts become speakers, as if the recording had been heard in one piece."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.joining import join_parts
from sotto.domain.options import Options
from sotto.domain.parts import plan_parts
from sotto.domain.speakers import grouped
from sotto.domain.transcript import PartTranscript, Turn, Voice
from tests.fakes.speech import CountingSpeech

ANN, BOB, CAT = (0.9, 0.1, 0.1), (0.1, 0.9, 0.1), (0.1, 0.1, 0.9)


def part(*turns: tuple[float, float, int], voices: list[tuple[float, ...]], seconds: float = 20.0) -> PartTranscript:
    """A minute of one word a second, said by voices in turns."""
    (made,) = (
        CountingSpeech().transcribe_part(
            None, one, 60.0, Options(), language="en", language_probability=0.9, on_progress=lambda _: None
        )
        for one in plan_parts(60.0, 60.0)
    )
    return made.model_copy(
        update={
            "voices": tuple(Voice(id=n, seconds=seconds, mean=mean) for n, mean in enumerate(voices)),
            "turns": tuple(Turn(start=start, end=end, voice=voice) for start, end, voice in turns),
        }
    )


def later(one: PartTranscript, index: int) -> PartTranscript:
    """The same part, `index` minutes later."""
    move = 60.0 * index
    return one.model_copy(
        update={
            "index": index,
            "start": one.start + move,
            "end": one.end + move,
            "turns": tuple(
                turn.model_copy(update={"start": turn.start + move, "end": turn.end + move}) for turn in one.turns
            ),
            "segments": tuple(
                segment.model_copy(
                    update={
                        "start": segment.start + move,
                        "end": segment.end + move,
                        "words": tuple(
                            word.model_copy(update={"start": word.start + move, "end": word.end + move})
                            for word in segment.words
                        ),
                    }
                )
                for segment in one.segments
            ),
        }
    )


def spoken(*parts: PartTranscript, most: int | None = None) -> list[tuple[str | None, float, float]]:
    return [(one.speaker, one.start, one.end) for one in join_parts(parts, most).segments]


def test_a_segment_is_cut_where_the_speaker_changes_and_loses_no_word() -> None:
    one = part((0.0, 29.9, 0), (30.0, 59.9, 1), voices=[ANN, BOB])
    joined = join_parts([one])
    assert spoken(one) == [("Speaker 1", 0.0, 29.9), ("Speaker 2", 30.0, 59.9)]
    assert [word.id for segment in joined.segments for word in segment.words] == list(range(60))
    assert joined.segments[1].text == " ".join(f"w{n}" for n in range(30, 60))


def test_a_voice_has_one_name_in_all_parts() -> None:
    first = part((0.0, 29.9, 0), (30.0, 59.9, 1), voices=[ANN, BOB])
    second = later(part((0.0, 9.9, 0), (10.0, 59.9, 1), voices=[BOB, ANN]), 1)
    third = later(part((0.0, 59.9, 0), voices=[CAT]), 2)
    assert [name for name, _, _ in spoken(first, second, third)] == [
        "Speaker 1",
        "Speaker 2",
        "Speaker 2",
        "Speaker 1",
        "Speaker 3",
    ]


def test_who_knows_how_many_speak_gets_no_more() -> None:
    one = part((0.0, 29.9, 0), (30.0, 59.9, 1), voices=[ANN, BOB])
    assert {name for name, _, _ in spoken(one, most=1)} == {"Speaker 1"}


def test_a_voice_of_a_moment_is_nobody_new() -> None:
    one = part((0.0, 29.9, 0), (30.0, 32.9, 1), (33.0, 59.9, 0), voices=[ANN, BOB])
    short = one.voices[1].model_copy(update={"seconds": 3.0})
    assert spoken(one.model_copy(update={"voices": (one.voices[0], short)})) == [("Speaker 1", 0.0, 59.9)]


def test_without_voices_nobody_is_named() -> None:
    assert spoken(part(voices=[])) == [(None, 0.0, 59.9)]


def test_a_part_that_could_not_tell_leaves_its_segments_unnamed() -> None:
    silent = later(part(voices=[]), 1)
    assert spoken(part((0.0, 59.9, 0), voices=[ANN]), silent) == [("Speaker 1", 0.0, 59.9), (None, 60.0, 119.9)]


def test_groups_are_made_by_the_mean_of_all_pairs() -> None:
    # 0 and 1 are alike; 2 is like 1 alone, so that only the nearest pair would chain it to them.
    similarity = [[1.0, 0.9, 0.2], [0.9, 1.0, 0.8], [0.2, 0.8, 1.0]]
    assert grouped(similarity, [1.0] * 3, at_least=0.6) == [[0, 1], [2]]
    assert grouped(similarity, [1.0] * 3, at_least=0.49) == [[0, 1, 2]]
    assert grouped(similarity, [1.0, 9.0, 1.0], at_least=0.6) == [[0, 1, 2]]  # (0.2 + 9 x 0.8) / 10
    assert grouped([], []) == []


@given(st.lists(st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=3), max_size=12), st.floats(-1.0, 1.0))
def test_each_item_is_in_one_group_and_no_two_groups_are_alike(points: list[list[float]], at_least: float) -> None:
    similarity = [[sum(a * b for a, b in zip(one, other, strict=True)) for other in points] for one in points]
    groups = grouped(similarity, [1.0] * len(points), at_least)
    assert sorted(item for group in groups for item in group) == list(range(len(points)))
    for n, one in enumerate(groups):
        for other in groups[n + 1 :]:
            mean = sum(similarity[a][b] for a in one for b in other) / (len(one) * len(other))
            assert mean < at_least + 1e-9


def test_parts_are_grouped_as_one_piece_would_be() -> None:
    """A voice's mean stands for its windows exactly: products of means are means of products."""
    windows = [(1.0, 0.0), (0.8, 0.6), (0.6, 0.8), (0.0, 1.0)]
    means = [tuple(sum(w[axis] for w in half) / 2 for axis in range(2)) for half in (windows[:2], windows[2:])]
    between = sum(a * b for a, b in zip(*means, strict=True))
    pairs = [sum(a * b for a, b in zip(one, other, strict=True)) for one in windows[:2] for other in windows[2:]]
    assert between == pytest.approx(sum(pairs) / 4)
