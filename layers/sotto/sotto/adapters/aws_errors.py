"""Foreign errors become ours once, here: whatever the SDK raises is Unavailable, unless the adapter knew better."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from sotto.domain.errors import Unavailable


@contextmanager
def translated(error: type[Unavailable], what: str) -> Iterator[None]:
    """Raise `error` in place of the SDK's errors. The message names the service and the SDK's code, never its text."""
    try:
        yield
    except ClientError as cause:
        raise error(f"{what}: expected an answer, found {code_of(cause)}") from cause
    except BotoCoreError as cause:
        raise error(f"{what}: expected an answer, found {type(cause).__name__}") from cause


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "an unknown error"))
