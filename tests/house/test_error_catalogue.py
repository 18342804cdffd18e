"""docs/api/errors.md is made from the error tree; `python -m tests.house.test_error_catalogue` writes it."""

from __future__ import annotations

from pathlib import Path

from sotto.domain.errors import every_error

# Errors live where they are raised when they are one module's own; importing it puts them into the tree.
from sotto.domain.joining import PartsDoNotMeet

PAGE = Path(__file__).resolve().parents[2] / "docs/api/errors.md"
HEAD = """# Errors

Every error that a caller can meet. Over HTTP it is `application/problem+json` (RFC 9457):

```json
{
  "type": "urn:sotto:error:not_found",
  "title": "Not found",
  "status": 404,
  "detail": "job: expected one of yours, found none with id 01K0",
  "code": "not_found",
  "hint": "Check the id; `GET /v1/jobs` lists your jobs.",
  "request_id": "5a1c6f0e-8d5e-4f0c-9a57-2c1f3d1b7e11"
}
```

`code` is stable; `detail` says what was expected and found; `hint` is the next step; `request_id` finds the log lines.
A failed job carries the same `code`, `message` and `hint`. Errors below 500 are never retried by Sotto; 503 carries
`Retry-After`, and so does 429.

| code | status | what it means | hint |
|---|---|---|---|
"""


def catalogue() -> str:
    """The page as it should be."""
    assert PartsDoNotMeet in every_error()
    rows = {
        error.code: f"| `{error.code}` | {error.status} | {error.title} | {error.default_hint} |"
        for error in every_error()
    }
    return HEAD + "\n".join(rows[code] for code in sorted(rows)) + "\n"


def test_the_page_says_what_the_tree_says() -> None:
    assert PAGE.read_text() == catalogue(), "run: python -m tests.house.test_error_catalogue"


if __name__ == "__main__":
    PAGE.write_text(catalogue())
