"""Titles and tags: one line, one form, a few."""

from __future__ import annotations

import pytest

from sotto.domain.errors import InvalidInput
from sotto.domain.labels import LONGEST_TAG, LONGEST_TITLE, MOST_TAGS, clean_tags, clean_title


def test_a_title_is_one_line_in_one_form() -> None:
    assert clean_title("  Cafe\u0301\n 東京 🎙 ") == "Café 東京 🎙"
    assert clean_title(" \t") is None
    assert clean_title(None) is None


def test_tags_are_kept_once_in_order() -> None:
    assert clean_tags(["b", " a", "b ", "A"]) == ("b", "a", "A")


@pytest.mark.parametrize("title", ["x" * (LONGEST_TITLE + 1), "a\x00b", "a\u202eb"])
def test_what_is_no_title_is_refused(title: str) -> None:
    with pytest.raises(InvalidInput, match="title: expected at most 200 printable characters"):
        clean_title(title)


@pytest.mark.parametrize(
    "tags", [[""], ["a", " "], ["x" * (LONGEST_TAG + 1)], [str(n) for n in range(MOST_TAGS + 1)], ["a\x7f"]]
)
def test_what_is_no_tag_is_refused(tags: list[str]) -> None:
    with pytest.raises(InvalidInput, match="tags: expected"):
        clean_tags(tags)
