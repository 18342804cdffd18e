"""Options reach the model: each of them changes what comes out, measurably."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest

from sotto.domain.errors import ModelUnavailable
from sotto.domain.joining import join_parts
from sotto.domain.options import Options
from sotto.domain.parts import plan_parts
from sotto.speech.loading import ModelLoader
from sotto.speech.transcriber import Transcriber
from tests.recordings import AUDIO, wav
from tests.speech.conftest import Hear, letters, text_of
from tests.speech.test_recordings import ENGLISH

pytestmark = pytest.mark.speech


class Stop(Exception):
    """What a lease raises when its job was cancelled."""


def test_hotwords_hold_over_the_whole_recording(hear: Hear, voice: np.ndarray) -> None:
    twice = np.concatenate([voice, np.zeros(32_000), voice])
    plain = hear(twice, model="base")
    assert plain.quality.windows > 1
    assert "SEELS" not in text_of(plain)
    assert text_of(hear(twice, model="base", hotwords="the SEELS, the WINDOE")).count("SEELS") == 2


def test_a_prompt_sets_the_style(hear: Hear, voice: np.ndarray) -> None:
    plain = text_of(hear(voice, prompt="no capitals no points just words without any punctuation at all"))
    assert sum(c in ".," for c in plain) < sum(c in ".," for c in text_of(hear(voice)))


def test_a_very_long_prompt_is_cut_not_refused(hear: Hear, voice: np.ndarray) -> None:
    assert "lighthouse" in letters(text_of(hear(voice[:80_000], prompt="lighthouse keeper " * 50)))


@pytest.fixture(scope="module")
def noisy(voice: np.ndarray) -> np.ndarray:
    """Hard to hear, so that another way of decoding hears something else."""
    return voice + np.random.default_rng(8).standard_normal(len(voice)) * voice.std() * 0.2


def test_a_beam_finds_other_words(hear: Hear, noisy: np.ndarray) -> None:
    greedy, beam = hear(noisy), hear(noisy, beam_size=5)
    assert text_of(beam) != text_of(greedy)
    assert beam.segments[0].average_log_probability > greedy.segments[0].average_log_probability


def test_temperature_takes_less_likely_words_and_is_recorded(hear: Hear, noisy: np.ndarray) -> None:
    cold, warm = hear(noisy), hear(noisy, temperature=0.8)
    assert text_of(warm) != text_of(cold)
    assert {segment.temperature for segment in cold.segments} == {0.0}
    assert {segment.temperature for segment in warm.segments} == {0.8}


def test_a_named_language_is_what_the_model_writes(hear: Hear, voice: np.ndarray) -> None:
    named = hear(voice, model="base", language="es")
    assert {segment.language for segment in named.segments} == {"es"}
    assert "mañana" in text_of(named)


def test_without_the_detector_every_second_is_given_to_the_model(hear: Hear, voice: np.ndarray) -> None:
    late = np.concatenate([np.zeros(15 * 16_000), voice])
    with_it, without = hear(late), hear(late, voice_activity=False)
    assert with_it.quality.windows < without.quality.windows
    assert with_it.quality.speech_s < 17
    assert without.quality.speech_s == pytest.approx(len(late) / 16_000)


def test_shorter_silences_count_as_silence_when_asked(hear: Hear, voice: np.ndarray) -> None:
    fine, coarse = (hear(voice, voice_activity_min_silence_s=s).quality.speech_s for s in (0.1, 5.0))
    assert fine < coarse - 1


def test_without_word_times_segments_keep_theirs(hear: Hear, voice: np.ndarray) -> None:
    with_words, without = hear(voice), hear(voice, word_times=False)
    assert [(s.start, s.end, s.text) for s in without.segments] == [
        (s.start, s.end, s.text) for s in with_words.segments
    ]
    assert all(not segment.words for segment in without.segments)
    assert without.quality.score == with_words.quality.score


def test_a_high_threshold_hears_less(hear: Hear, voice: np.ndarray) -> None:
    noisy = voice * 0.1 + np.random.default_rng(2).standard_normal(len(voice)) * 0.02
    strict, lax = (hear(noisy, voice_activity_threshold=t).quality.speech_s for t in (0.95, 0.2))
    assert strict < lax


def test_a_missing_model_is_named(hear: Hear, voice: np.ndarray, tmp_path: object) -> None:
    lonely = Transcriber(ModelLoader(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(ModelUnavailable, match="base"):
        lonely.load("base")


def told_until(stop: Callable[[list[float]], bool], transcriber: Transcriber, voice: np.ndarray) -> list[float]:
    """What the transcriber tells of its progress until `stop` says so, which ends its work."""
    told: list[float] = []

    def note(seconds: float) -> None:
        told.append(seconds)
        if stop(told):
            raise Stop

    options = Options(model="tiny.en", language="en")
    part = plan_parts(len(voice) / 16_000, 1000)[0]
    with pytest.raises(Stop):
        transcriber.transcribe_part(
            wav(voice), part, len(voice) / 16_000, options, language="en", language_probability=None, on_progress=note
        )
    return told


def test_progress_is_told_and_may_stop_the_work(transcriber: Transcriber, voice: np.ndarray) -> None:
    told = told_until(lambda told: told[-1] >= 16, transcriber, voice)
    assert told[0] == 0.0
    assert told[-1] == pytest.approx(len(voice) / 16_000, abs=0.01)


def test_work_may_be_stopped_between_the_steps_of_a_batch(transcriber: Transcriber, voice: np.ndarray) -> None:
    told = told_until(lambda told: len(told) == 2, transcriber, voice)
    assert told == [0.0, 0.0], "once at the beginning, and once more before there is any text"


def test_parts_say_what_one_pass_says(transcriber: Transcriber, voice: np.ndarray) -> None:
    pause = np.zeros(11_200)
    recording = wav(np.concatenate([voice, pause, voice, pause, voice, pause, voice]))
    duration = (4 * len(voice) + 3 * len(pause)) / 16_000
    options = Options(model="tiny.en", language="en")

    def joined(part_s: float) -> str:
        parts = [
            transcriber.transcribe_part(
                recording,
                part,
                duration,
                options,
                language="en",
                language_probability=None,
                on_progress=lambda _s: None,
            )
            for part in plan_parts(duration, part_s)
        ]
        assert len(parts) == max(1, round(duration / part_s))
        return " ".join(segment.text for segment in join_parts(parts).segments)

    whole, cut = joined(1000.0), joined(23.0)
    assert abs(len(whole.split()) - len(cut.split())) <= 2
    assert letters(cut).count("everymorning") == letters(whole).count("everymorning") == 4
    assert letters(cut).count("openedthebox") == 4


@pytest.mark.parametrize("pause_s", [0.0, 0.5])
def test_the_words_on_both_sides_of_a_cut_are_those_that_were_said(
    transcriber: Transcriber, voice: np.ndarray, pause_s: float
) -> None:
    """Against the text that was read, not against one pass. With a pause the cut lies in it; else between sentences."""
    sound = np.concatenate([voice, np.zeros(round(pause_s * 16_000)), voice])
    recording, duration = wav(sound), len(sound) / 16_000
    options = Options(model="tiny.en", language="en")
    before, after = (
        transcriber.transcribe_part(
            recording, part, duration, options, language="en", language_probability=None, on_progress=lambda _s: None
        )
        for part in plan_parts(duration, 20.0)
    )
    assert before.end == after.start
    joined = [word for segment in join_parts([before, after]).segments for word in segment.words]
    at = sum(word.start < before.end for word in joined)
    assert 0 < at < len(joined)
    around = letters("".join(word.text for word in joined[at - 12 : at + 12]))
    said = letters(f"{ENGLISH} {ENGLISH}")
    assert around in said, f"cut at {before.end} s: {around}"
    assert letters("".join(word.text for word in joined)).count(around) == said.count(around)


def test_parts_of_an_mp3_enter_at_anchors_and_agree_on_their_cuts(transcriber: Transcriber, voice: np.ndarray) -> None:
    from sotto.adapters.av_probe import probe
    from tests.recordings import FORMATS, encode

    form = next(f for f in FORMATS if f.name == "mp3")
    file = encode(np.concatenate([voice] * 4), 16_000, form)
    probed = probe(io.BytesIO(file), name="a.mp3", size_bytes=len(file), etag="")
    options = Options(model="tiny.en", language="en")
    parts = [
        transcriber.transcribe_part(
            io.BytesIO(file),
            part,
            probed.facts.duration_s,
            options,
            language="en",
            language_probability=None,
            on_progress=lambda _s: None,
        )
        for part in plan_parts(probed.facts.duration_s, 23.0, probed.anchors)
    ]
    text = letters(" ".join(segment.text for segment in join_parts(parts).segments))
    assert len(parts) == 3
    assert text.count("everymorning") == 4
    assert text.count("openedthebox") == 4


def test_the_committed_sample_is_what_its_readme_says() -> None:
    assert (AUDIO / "sample.ogg").stat().st_size < 100_000
    assert "lighthouse keeper" in (AUDIO / "README.md").read_text()
