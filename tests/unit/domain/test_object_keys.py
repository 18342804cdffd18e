"""Keys take any name a person gives a file, and no path."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sotto.domain.errors import InvalidInput
from sotto.domain.events import S3Object
from sotto.domain.object_keys import MAX_NAME_BYTES, UploadKey, clean_name, download_disposition, parse_upload_key


@example("e\x00\u0301.wav")
@example("\x00 a")
@example("x" * (MAX_NAME_BYTES - 1) + " yyyyyyyyyy")
@given(st.text(min_size=1, max_size=300))
def test_any_name_survives_the_way_through_the_event(name: str) -> None:
    try:
        clean = clean_name(name)
    except InvalidInput:
        return
    assert len(clean.encode()) <= MAX_NAME_BYTES
    assert "/" not in clean
    assert clean_name(clean) == clean
    key = UploadKey("owner", "job", clean)
    event = S3Object(key=quote_plus(str(key), safe="/"))
    assert parse_upload_key(event.decoded_key) == key


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Café talk + Q&A 🎤.m4a", "Café talk + Q&A 🎤.m4a"),
        ("Cafe\u0301.wav", "Café.wav"),
        ("C:\\Users\\me\\talk.mp3", "talk.mp3"),
        ("../../etc/passwd", "passwd"),
        (" talk\n.mp3 ", "talk.mp3"),
        ("x" * 300 + ".flac", "x" * (MAX_NAME_BYTES - 5) + ".flac"),
        ("x" * 300, "x" * MAX_NAME_BYTES),
    ],
)
def test_names_are_cleaned_not_mangled(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@pytest.mark.parametrize("name", ["", "   ", ".", "..", "a/", "\x00"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="name: expected a file name"):
        clean_name(name)


@pytest.mark.parametrize("key", ["uploads/a/b", "uploads//b/c", "work/a/b/c", "uploads/a/b/"])
def test_other_keys_are_no_uploads(key: str) -> None:
    assert parse_upload_key(key) is None


def test_a_download_is_named_after_the_recording() -> None:
    assert download_disposition('Café "1".m4a', "srt") == (
        "attachment; filename=\"Caf_ _1_.srt\"; filename*=UTF-8''Caf%C3%A9%20%221%22.srt"
    )
