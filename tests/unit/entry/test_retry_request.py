"""What the body of a retry changes, and what it leaves."""

from __future__ import annotations

import pytest

from sotto.domain.options import Options
from sotto.entry.job_shapes import RetryRequest

PRESENT = Options(model="tiny.en", language="en", prompt="Sotto", beam_size=5)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {}),
        ({"model": None}, {}),
        ({"model": "base", "language": None}, {"model": "base", "language": None}),
        ({"prompt": None, "beam_size": 1}, {"prompt": None, "beam_size": 1}),
    ],
)
def test_what_is_named_replaces_the_jobs_option(body: dict[str, object], expected: dict[str, object]) -> None:
    assert RetryRequest.model_validate(body).to_domain(PRESENT) == PRESENT.model_copy(update=expected)
