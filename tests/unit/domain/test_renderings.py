"""Each format from one canonical transcript."""

from __future__ import annotations

import io
import json
import zipfile

import docx
import pytest

from sotto.domain.errors import InvalidInput
from sotto.domain.options import Options, Task
from sotto.domain.renderings import BINARY_FORMATS, CONTENT_TYPES, FORMATS, STORED_FORMATS, render
from sotto.domain.renderings.view import View
from sotto.domain.transcript import EngineFacts, Quality, Transcript
from tests.examples import FACTS, JOB_ID, NOW, OWNER
from tests.unit.domain.test_captions import segment

TRANSCRIPT = Transcript(
    owner=OWNER,
    job_id=JOB_ID,
    attempt=1,
    created_at=NOW,
    completed_at=NOW,
    recording=FACTS,
    options=Options(),
    language="en",
    language_probability=0.9,
    segments=(segment(["Tom", "&", "Jerry", "-->", "<home>."]), segment(["Later."], step=4000.0)),
    quality=Quality(score=0.9, speech_s=2.0),
    warnings=(),
    engine=EngineFacts(engine="ctranslate2", model="base", model_sha256="0", compute_type="int8", version="4"),
    parts=1,
    engine_wall_s=1.0,
    engine_cpu_s=1.0,
)
NOTE = (
    f"NOTE\nRecording: talk.wav\nLength: 00:08:20\nLanguage: English\nModel: base (ctranslate2 4, int8)\n"
    f"Transcribed: {NOW}\nJob: {JOB_ID}, attempt 1\n"
)
NAMED = "# 1 <b> & --> \x00.wav"


def shown(extension: str, **view: bool) -> str:
    return render(TRANSCRIPT, extension, View(**view)).decode()


def renamed(name: str) -> Transcript:
    return TRANSCRIPT.model_copy(update={"recording": FACTS.model_copy(update={"name": name})})


def test_text_has_a_line_a_segment() -> None:
    assert shown("txt") == "Tom & Jerry --> <home>.\nLater.\n"
    assert shown("txt", timestamps=True) == "[00:00:00] Tom & Jerry --> <home>.\n[00:00:00] Later.\n"


def test_subrip() -> None:
    assert shown("srt") == (
        "1\n00:00:00,000 --> 00:00:01,960\nTom & Jerry --> <home>.\n\n2\n00:00:00,000 --> 01:00:00,000\nLater.\n"
    )


def test_webvtt_escapes_what_would_be_markup_and_says_where_it_comes_from() -> None:
    assert shown("vtt") == (
        f"WEBVTT\n\n{NOTE}\n00:00:00.000 --> 00:00:01.960\nTom &amp; Jerry --&gt; &lt;home>.\n\n"
        "00:00:00.000 --> 01:00:00.000\nLater.\n"
    )


def test_no_name_of_a_recording_ends_the_comment_of_webvtt() -> None:
    head = render(renamed("a --> b\n\n00:00.000"), "vtt").decode().split("\n\n")[1]
    assert head.startswith("NOTE\nRecording: a --&gt; b  00:00.000\nLength:")


@pytest.mark.parametrize(("extension", "point"), [("srt", ","), ("vtt", ".")])
def test_captions_show_a_word_at_a_time_when_asked(extension: str, point: str) -> None:
    text = shown(extension, words=True)
    assert f"00:00:00{point}800 --> 00:00:01{point}160\nJerry\n" in text
    assert text.count(" --> 0") == 6


def test_without_word_times_the_segment_is_the_smallest_cue() -> None:
    bare = TRANSCRIPT.segments[0].model_copy(update={"words": ()})
    transcript = TRANSCRIPT.model_copy(update={"segments": (bare,)})
    assert render(transcript, "srt", View(words=True)) == (
        b"1\n00:00:00,000 --> 00:00:01,960\nTom & Jerry --> <home>.\n"
    )
    assert render(transcript, "tsv", View(words=True)) == b"start\tend\ttext\n0\t1960\tTom & Jerry --> <home>.\n"


def test_tab_separated_values_are_milliseconds() -> None:
    assert shown("tsv") == "start\tend\ttext\n0\t1960\tTom & Jerry --> <home>.\n0\t3600000\tLater.\n"
    assert shown("tsv", words=True).splitlines()[1:4] == ["0\t360\tTom", "400\t760\t&", "800\t1160\tJerry"]


def test_a_tab_in_the_text_is_no_column() -> None:
    odd = TRANSCRIPT.segments[0].model_copy(update={"text": "a\tb\nc"})
    assert (
        render(TRANSCRIPT.model_copy(update={"segments": (odd,)}), "tsv").decode().splitlines()[1] == "0\t1960\ta b c"
    )


def test_markdown_has_a_title_the_facts_and_paragraphs() -> None:
    assert shown("md") == (
        "# talk.wav\n\n- Length: 00:08:20\n- Language: English\n- Model: base (ctranslate2 4, int8)\n"
        f"- Transcribed: {NOW}\n- Job: {JOB_ID}, attempt 1\n"
        "\n**00:00:00** Tom & Jerry --\\> \\<home\\>.\n\n**00:00:00** Later.\n"
    )
    assert "\nLater.\n" in shown("md", timestamps=False)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("*a* _b_ `c`", "\\*a\\* \\_b\\_ \\`c\\`"),
        ("- no list", "\\- no list"),
        ("1. no list", "1\u2060. no list"),
        ("2026 was", "2026 was"),
        ("# no title", "\\# no title"),
        ("[a](b) <i> a|b", "\\[a\\](b) \\<i\\> a\\|b"),
    ],
)
def test_what_was_said_is_no_markdown(said: str, written: str) -> None:
    one = TRANSCRIPT.segments[0].model_copy(update={"text": said})
    transcript = TRANSCRIPT.model_copy(update={"segments": (one,)})
    assert render(transcript, "md", View(timestamps=False)).decode().splitlines()[-1] == written


def test_a_word_document_opens_in_another_library() -> None:
    document = docx.Document(io.BytesIO(render(TRANSCRIPT, "docx")))
    title, *facts, first, last = document.paragraphs
    assert (title.text, title.style.name) == ("talk.wav", "Heading 1")
    assert [fact.text for fact in facts][:2] == ["Length: 00:08:20", "Language: English"]
    assert (first.text, last.text) == ("00:00:00 Tom & Jerry --> <home>.", "00:00:00 Later.")
    assert (document.core_properties.title, document.core_properties.language) == ("talk.wav", "en")
    bare = docx.Document(io.BytesIO(render(TRANSCRIPT, "docx", View(timestamps=False))))
    assert bare.paragraphs[-1].text == "Later."


def test_a_word_document_is_the_same_bytes_each_time_and_holds_any_name() -> None:
    content = render(renamed(NAMED), "docx")
    assert content == render(renamed(NAMED), "docx")
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    assert docx.Document(io.BytesIO(content)).paragraphs[0].text == "# 1 <b> & --> .wav"


def test_warnings_and_translations_are_among_the_facts() -> None:
    translated = TRANSCRIPT.model_copy(
        update={"language": "de", "options": Options(task=Task.TRANSLATE), "warnings": ("quiet recording",)}
    )
    text = render(translated, "md").decode()
    assert "- Language: German, translated to English\n" in text
    assert "- Note: quiet recording\n" in text


def test_json_is_canonical_and_reads_back() -> None:
    text = shown("json")
    assert json.loads(text)["schema"] == "sotto.transcript/1"
    assert Transcript.model_validate_json(text) == TRANSCRIPT


def test_json_without_words_is_a_transcript_still() -> None:
    found = Transcript.model_validate_json(shown("json", words=False))
    assert [one.words for one in found.segments] == [(), ()]
    assert found.text == TRANSCRIPT.text


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InvalidInput, match="format: expected one of json, txt, srt, vtt, tsv, md, docx, found 'exe'"):
        render(TRANSCRIPT, "exe")


def test_a_view_that_a_format_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidInput, match="words: expected false for txt, found True"):
        shown("txt", words=True)
    with pytest.raises(InvalidInput, match="timestamps: expected true for srt, found False"):
        shown("srt", timestamps=False)


def test_every_format_has_a_content_type_and_only_binary_ones_are_not_text() -> None:
    assert set(STORED_FORMATS) <= set(CONTENT_TYPES) == set(FORMATS)
    for extension in set(FORMATS) - BINARY_FORMATS:
        assert shown(extension)


@pytest.mark.parametrize("extension", FORMATS)
def test_who_speaks_can_be_left_out(extension: str) -> None:
    named = TRANSCRIPT.model_copy(
        update={"segments": tuple(one.model_copy(update={"speaker": "Zoë"}) for one in TRANSCRIPT.segments)}
    )
    nobody = render(named, extension, View(speakers=False))
    assert nobody == render(TRANSCRIPT, extension)
    assert (render(named, extension) == nobody) is (extension == "tsv"), "a table has no column for it"


def test_who_speaks_is_said_where_another_begins() -> None:
    first, second = TRANSCRIPT.segments
    third = second.model_copy(update={"speaker": "Bo <b>"})
    spoken = TRANSCRIPT.model_copy(
        update={"segments": (first.model_copy(update={"speaker": "Ann"}), third, third.model_copy())}
    )
    shown = {extension: render(spoken, extension).decode() for extension in FORMATS if extension not in BINARY_FORMATS}
    assert shown["txt"] == "Ann: Tom & Jerry --> <home>.\nBo <b>: Later.\nLater.\n"
    assert "**00:00:00 Ann:** Tom" in shown["md"]
    assert "**00:00:00 Bo \\<b\\>:** Later.\n\n**00:00:00** Later.\n" in shown["md"]
    assert "\nAnn: Tom" in shown["srt"]
    assert shown["srt"].count("Bo <b>: ") == 1
    assert "\n<v Ann>Tom &amp;" in shown["vtt"]
    assert shown["vtt"].count("<v Bo &lt;b&gt;>Later.") == 2
    assert [one["speaker"] for one in json.loads(shown["json"])["segments"]] == ["Ann", "Bo <b>", "Bo <b>"]
    paragraphs = [one.text for one in docx.Document(io.BytesIO(render(spoken, "docx"))).paragraphs]
    assert paragraphs[-3:] == ["00:00:00 Ann: Tom & Jerry --> <home>.", "00:00:00 Bo <b>: Later.", "00:00:00 Later."]
