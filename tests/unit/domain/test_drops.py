"""What is a dropped recording, which options it gets, and where its answer belongs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from sotto.domain.drops import ANSWERS, Drop, drop_job_id, drop_options, error_text, parse_drop_key
from sotto.domain.errors import Failure, InvalidInput
from sotto.domain.options import Task

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "folder", "name"),
    [
        ("dropbox/ada/talk.m4a", "", "talk.m4a"),
        ("dropbox/ada/any/path/talk.m4a", "any/path/", "talk.m4a"),
        ("dropbox/ada//talk.m4a", "/", "talk.m4a"),
        ("dropbox/ada/Café + 1/talk 🎤", "Café + 1/", "talk 🎤"),
        ("dropbox/ada/notes.pdf", "", "notes.pdf"),
    ],
)
def test_a_recordings_place_is_read_from_its_key_and_back(key: str, folder: str, name: str) -> None:
    drop = parse_drop_key(key)
    assert drop == Drop("ada", folder, name)
    assert drop.key == key


@pytest.mark.parametrize(
    "key",
    [
        "uploads/ada/job/talk.m4a",
        "dropbox/talk.m4a",
        "dropbox//talk.m4a",
        "dropbox/ada/",
        "dropbox/ada/folder/",
        "dropbox/ada/.talk.m4a.part",
        "dropbox/ada/sotto.json",
        "dropbox/ada/talk.TXT",
        "dropbox/ada/talk.wav.error.txt",
        f"dropbox/ada/{'x' * 1020}.wav",
    ],
)
def test_what_is_no_recording_starts_nothing(key: str) -> None:
    assert parse_drop_key(key) is None


FOLDERS = st.lists(st.text("aé .-", min_size=1, max_size=5), max_size=3).map(
    lambda all_: "".join(f"{a}/" for a in all_)
)


@given(FOLDERS, st.text("ab.é-", min_size=1, max_size=12), st.booleans())
def test_an_answer_never_starts_a_job(folder: str, name: str, owns_stem: bool) -> None:
    drop = Drop("ada", folder, name)
    for extension in (*ANSWERS, "error.txt"):
        assert parse_drop_key(drop.answer_key(extension, owns_stem=owns_stem)) is None


def test_answers_of_equal_stems_lie_apart() -> None:
    mp3, wav = Drop("ada", "a/", "talk.mp3"), Drop("ada", "a/", "talk.wav")
    assert mp3.answer_key("txt", owns_stem=True) == "dropbox/ada/a/talk.txt"
    assert wav.answer_key("txt", owns_stem=False) == "dropbox/ada/a/talk.wav.txt"
    assert Drop("ada", "", "talk").answer_key("txt", owns_stem=True) == "dropbox/ada/talk.txt"


def test_options_are_looked_for_from_the_folder_upwards() -> None:
    assert Drop("ada", "a/b/", "talk.mp3").options_keys() == (
        "dropbox/ada/a/b/sotto.json",
        "dropbox/ada/a/sotto.json",
        "dropbox/ada/sotto.json",
    )
    assert Drop("ada", "a//", "talk.mp3").options_keys()[1:] == ("dropbox/ada/a/sotto.json", "dropbox/ada/sotto.json")
    assert Drop("ada", "", "talk.mp3").options_keys() == ("dropbox/ada/sotto.json",)


def test_one_version_is_one_job_in_the_order_of_time() -> None:
    first = drop_job_id("dropbox/ada/talk.wav", "v1", NOW)
    assert first == drop_job_id("dropbox/ada/talk.wav", "v1", NOW)
    assert ULID.from_str(first).datetime == NOW
    others = {
        drop_job_id("dropbox/ada/talk.wav", "v2", NOW),
        drop_job_id("dropbox/ada/b/talk.wav", "v1", NOW),
        drop_job_id("dropbox/ada/talk.wav", "v1", NOW + timedelta(seconds=1)),
    }
    assert len({first, *others}) == 4
    assert first < drop_job_id("dropbox/ada/talk.wav", "v1", NOW + timedelta(seconds=1))


def test_tags_win_over_the_file_and_the_file_over_the_defaults() -> None:
    file = json.dumps({"model": "tiny.en", "language": "en", "beam_size": 5}).encode()
    tags = {"sotto:beam_size": "3", "sotto:language": "", "sotto:word_times": "false", "team": "a"}
    options = drop_options("base", file, tags)
    assert (options.model, options.language, options.beam_size, options.word_times) == ("tiny.en", None, 3, False)
    assert drop_options("base", None, {"sotto:task": "translate"}).task is Task.TRANSLATE
    assert drop_options("base", None, {}).model == "base"


@pytest.mark.parametrize(
    ("file", "tags", "says"),
    [
        (b"{", {}, "sotto.json: expected a JSON object"),
        (b"\xff\xfe", {}, "sotto.json: expected a JSON object"),
        (b"[1]", {}, "sotto.json: expected a JSON object"),
        (b'{"modle": "base"}', {}, "modle: "),
        (b'{"beam_size": 99}', {}, "beam_size: "),
        (None, {"sotto:beam_size": "many"}, "beam_size: "),
        (None, {"sotto:model": ""}, "model: "),
    ],
)
def test_bad_options_are_named(file: bytes | None, tags: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        drop_options("base", file, tags)
    assert refused.value.message.startswith(says)
    assert "put the recording there again" in refused.value.hint


def test_an_error_file_says_what_the_api_would() -> None:
    text = error_text(Failure("no_audio_track", "found none", "Upload one."), name="talk.mp4", job_id=None).decode()
    assert text.splitlines() == [
        "recording: talk.mp4",
        "job: none",
        "code: no_audio_track",
        "message: found none",
        "hint: Upload one.",
    ]
