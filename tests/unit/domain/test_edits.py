"""Edits move nothing that they do not touch, and stay inside the gap that they fill."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sotto.domain.captions import caption_cues
from sotto.domain.edit_operations import Delete, Insert, Operation, RenameSpeaker, Replace
from sotto.domain.edits import edited
from sotto.domain.errors import InvalidInput
from sotto.domain.transcript import Segment, Transcript, Word
from sotto.domain.versions import changes_between
from tests.unit.domain.test_captions import segment
from tests.unit.domain.test_renderings import TRANSCRIPT

DURATION_S = TRANSCRIPT.recording.duration_s


def transcript(*segments: Segment) -> Transcript:
    """A first version: words numbered through, segments as given."""
    ids = itertools.count()
    numbered = tuple(
        one.model_copy(update={"words": tuple(word.model_copy(update={"id": next(ids)}) for word in one.words)})
        for one in segments
    )
    return TRANSCRIPT.model_copy(update={"segments": numbered, "next_word_id": next(ids)})


def timed(*words: tuple[str, float, float], **changes: object) -> Segment:
    made = tuple(Word(text=text, start=start, end=end, probability=0.9) for text, start, end in words)
    return segment([text for text, _, _ in words]).model_copy(
        update={"start": made[0].start, "end": made[-1].end, "words": made, **changes}
    )


def words_of(one: Transcript) -> list[Word]:
    return [word for part in one.segments for word in part.words]


MEETING = transcript(
    timed(("Hello", 1.0, 1.5), ("Otto,", 1.5, 2.0), ("how", 3.0, 3.3), ("are", 3.3, 3.5), ("you?", 3.5, 4.0)),
    timed(("Fine.", 6.0, 6.5)),
)


def test_a_name_is_fixed_in_its_place() -> None:
    made = edited(MEETING, [Replace(op="replace", first=1, last=1, text="Sotto,")])
    assert made.version == 2
    assert made.segments[0].text == "Hello Sotto, how are you?"
    assert made.segments[0].words[1] == Word(id=6, text="Sotto,", start=1.5, end=2.0, probability=None, edited=True)
    assert made.segments[0].words[2:] == MEETING.segments[0].words[2:]
    assert made.segments[0].edited
    assert made.segments[1] is MEETING.segments[1]
    assert made.next_word_id == 7


def test_as_many_words_keep_their_own_times() -> None:
    made = edited(MEETING, [Replace(op="replace", first=2, last=4, text="who am I?")])
    assert [(word.start, word.end) for word in made.segments[0].words[2:]] == [(3.0, 3.3), (3.3, 3.5), (3.5, 4.0)]


def test_other_numbers_of_words_share_the_time_by_letters() -> None:
    made = edited(MEETING, [Replace(op="replace", first=2, last=4, text="goodbye now")])
    assert [(w.text, w.start, w.end) for w in made.segments[0].words[2:]] == [("goodbye", 3.0, 3.7), ("now", 3.7, 4.0)]


def test_what_is_written_again_keeps_its_measured_time() -> None:
    made = edited(MEETING, [Replace(op="replace", first=0, last=4, text="Hello Otto, how old are you?")])
    assert [word.id for word in made.segments[0].words] == [0, 1, 2, 6, 3, 4]
    new = made.segments[0].words[3]
    assert (new.start, new.end) == (3.3, 3.3)  # no silence between its neighbours


def test_what_is_cut_from_the_end_of_a_run_is_deleted() -> None:
    made = edited(MEETING, [Replace(op="replace", first=1, last=4, text="Otto, how")])
    assert made.segments[0].words == MEETING.segments[0].words[:3]


def test_inserted_words_take_the_silence_at_the_pace_of_the_segment() -> None:
    pace = 2.0 / 20  # two seconds of words, 20 letters
    after = edited(MEETING, [Insert(op="insert", after=1, text="so")]).segments[0].words[2]
    assert (after.start, after.end) == (2.0, pytest.approx(2.0 + 2 * pace, abs=0.001))
    before = edited(MEETING, [Insert(op="insert", before=2, text="so")]).segments[0].words[2]
    assert (before.start, before.end) == (pytest.approx(3.0 - 2 * pace, abs=0.001), 3.0)
    first = edited(MEETING, [Insert(op="insert", before=0, text="Oh")])
    assert first.segments[0].text == "Oh Hello Otto, how are you?"
    assert first.segments[0].start == first.segments[0].words[0].start < 1.0
    last = edited(MEETING, [Insert(op="insert", after=5, text="Thanks.")])
    assert last.segments[1].end == last.segments[1].words[1].end > 6.5


def test_words_are_deleted_across_segments_and_an_empty_one_goes() -> None:
    made = edited(MEETING, [Delete(op="delete", first=4, last=5)])
    assert [one.text for one in made.segments] == ["Hello Otto, how are"]
    assert made.segments[0].end == 4.0
    assert edited(MEETING, [Delete(op="delete", first=0, last=5)]).segments == ()


def test_a_language_without_spaces_stays_without() -> None:
    japanese = transcript(segment(["私", "は", "学生", "です"], glue=""))
    made = edited(
        japanese, [Insert(op="insert", after=1, text="大"), Replace(op="replace", first=3, last=3, text="だ")]
    )
    assert made.segments[0].text == "私は大学生だ"


def test_captions_are_made_from_edited_words() -> None:
    made = edited(MEETING, [Replace(op="replace", first=0, last=4, text="Goodbye Otto")])
    assert [cue.text for cue in caption_cues(made.segments)] == ["Goodbye Otto", "Fine."]


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (Replace(op="replace", first=9, last=9, text="x"), "operations.0.first: expected the id of a word"),
        (Replace(op="replace", first=2, last=1, text="x"), "operations.0.last: expected word 2 or a later one"),
        (Replace(op="replace", first=4, last=5, text="x"), "expected a word of the same segment as word 4"),
        (Replace(op="replace", first=1, last=1, text="  "), "operations.0.text: expected a word"),
        (Replace(op="replace", first=1, last=1, text="Otto,"), "operations: expected a change"),
        (Insert(op="insert", text="x"), "operations.0: expected either after or before"),
        (Insert(op="insert", after=1, before=2, text="x"), "operations.0: expected either after or before"),
        (Insert(op="insert", after=9, text="x"), "operations.0.after: expected the id of a word"),
        (Delete(op="delete", first=0, last=9), "operations.0.last: expected the id of a word"),
    ],
)
def test_what_cannot_be_done_is_said(operation: Operation, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        edited(MEETING, [operation])


def test_a_word_is_heard_or_edited() -> None:
    with pytest.raises(ValidationError, match="a word is edited, or it has a probability"):
        Word(text="x", start=0, end=1, probability=None)
    with pytest.raises(ValidationError, match="a word is edited, or it has a probability"):
        Word(text="x", start=0, end=1, probability=0.5, edited=True)
    with pytest.raises(ValueError, match="word 3: expected one that was heard"):
        _ = Word(id=3, text="x", start=0, end=1, probability=None, edited=True).heard


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Segments in order, words in order, some silence, some words without any length, some segments without words."""
    now, segments = 0, []
    for _ in range(draw(st.integers(1, 4))):
        words = []
        for _ in range(draw(st.integers(1, 5))):
            start = now + draw(st.integers(0, 3000))
            now = start + draw(st.integers(0, 3000))
            words.append((draw(st.sampled_from(["one", "two,", "three.", "ü"])), start / 1000, now / 1000))
        made = timed(*words)
        segments.append(made if draw(st.booleans()) else made.model_copy(update={"words": ()}))
    return transcript(*segments)


def operations(one: Transcript) -> st.SearchStrategy[Operation]:
    ids = st.sampled_from([word.id for word in words_of(one)])
    text = st.sampled_from(["x", "one", "new words here", "one two, more", "a  b"])
    return st.one_of(
        st.builds(Replace, op=st.just("replace"), first=ids, last=ids, text=text),
        st.builds(Insert, op=st.just("insert"), after=ids, text=text),
        st.builds(Insert, op=st.just("insert"), before=ids, text=text),
        st.builds(Delete, op=st.just("delete"), first=ids, last=ids),
    )


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_sequence_of_edits_keeps_time_in_order_and_leaves_alone_what_it_does_not_touch(data: st.DataObject) -> None:
    first = present = data.draw(transcripts())
    versions = [first]
    for _ in range(data.draw(st.integers(1, 6))):
        if not words_of(present):
            break
        try:
            present = edited(present, [data.draw(operations(present))])
        except InvalidInput:
            continue
        versions.append(present)
        words = words_of(present)
        assert all(a.end <= b.start for a, b in itertools.pairwise(words))
        assert all(0 <= word.start <= word.end <= DURATION_S for word in words)
        assert all(a.end <= b.start for a, b in itertools.pairwise(present.segments))
        assert all(one.text == " ".join(word.text for word in one.words) for one in present.segments if one.words)
        assert len({word.id for word in words}) == len(words)
        known = {word.id: word for version in versions[:-1] for word in words_of(version)}
        assert all(known.get(word.id, word) == word for word in words)
        assert all(word.edited and word.probability is None for word in words if word.id not in known)
    for old, new in itertools.combinations(versions, 2):
        replayed = list(words_of(old))
        for change in changes_between(old, new):
            at = replayed.index(change.before[0]) if change.before else None
            if at is not None:
                replayed[at : at + len(change.before)] = change.after
            else:
                following = words_of(new).index(change.after[-1]) + 1
                after = words_of(new)[following:]
                at = replayed.index(after[0]) if after else len(replayed)
                replayed[at:at] = change.after
        assert replayed == words_of(new)


def test_a_change_says_where_it_is() -> None:
    made = edited(
        MEETING, [Replace(op="replace", first=1, last=1, text="Sotto,"), Delete(op="delete", first=5, last=5)]
    )
    first, second = changes_between(MEETING, made)
    assert ([w.text for w in first.before], [w.text for w in first.after]) == (["Otto,"], ["Sotto,"])
    assert (first.start, first.end) == (1.5, 2.0)
    assert (second.before[0].text, second.after, second.start, second.end) == ("Fine.", (), 6.0, 6.5)
    assert changes_between(made, made) == []


def test_operations_are_told_apart_by_their_name() -> None:
    reader: TypeAdapter[Operation] = TypeAdapter(Operation)
    assert isinstance(reader.validate_python({"op": "delete", "first": 1, "last": 2}), Delete)
    with pytest.raises(ValidationError):
        reader.validate_python({"op": "move", "first": 1})


def _talk() -> Transcript:
    ann, bob = (one.model_copy(update={"speaker": f"Speaker {n}"}) for n, one in enumerate(MEETING.segments, 1))
    return MEETING.model_copy(update={"segments": (ann, bob)})


def rename(speaker: str, name: str) -> RenameSpeaker:
    return RenameSpeaker(op="rename_speaker", speaker=speaker, name=name)


def test_a_speaker_gets_a_name_and_words_stay_as_they_were() -> None:
    made = edited(_talk(), [rename("Speaker 1", "Ann"), rename("Ann", "Anna"), rename("Speaker 2", "Otto")])
    assert [one.speaker for one in made.segments] == ["Anna", "Otto"]
    assert not any(one.edited for one in made.segments)
    assert words_of(made) == words_of(MEETING)


def test_two_speakers_of_one_name_are_one() -> None:
    assert {one.speaker for one in edited(_talk(), [rename("Speaker 2", "Speaker 1")]).segments} == {"Speaker 1"}


def test_nobody_of_that_name_and_no_speakers_at_all() -> None:
    with pytest.raises(InvalidInput, match="expected one of Speaker 1, Speaker 2, found 'Ann'"):
        edited(_talk(), [rename("Ann", "Anna")])
    with pytest.raises(InvalidInput, match="this transcript has no speakers"):
        edited(MEETING, [rename("Speaker 1", "Ann")])
