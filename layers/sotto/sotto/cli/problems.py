"""A problem document of the API becomes the error that it was made from: the same words, the same class.

So everything that acts on errors here (exit statuses, retries) asks for classes of the domain's tree and never for
numbers.
"""

from __future__ import annotations

import json

from sotto.domain.errors import Rejected, SottoError, Unavailable, every_error

SERVER_ERROR = 500
_KNOWN = {error.code: error for error in every_error()}


def error_from(status: int, body: bytes, request_id: str) -> SottoError:
    """The error behind an answer of 400 or more. An answer that is no problem document is told as such."""
    try:
        problem = json.loads(body)
        code, message, hint = str(problem["code"]), str(problem["detail"]), str(problem.get("hint", ""))
        request_id = str(problem.get("request_id") or request_id)
    except (ValueError, KeyError, TypeError):
        kind: type[SottoError] = Unavailable if status >= SERVER_ERROR else Rejected
        code, message, hint = kind.code, f"expected an answer of the Sotto API, found status {status}", ""
    kind = _KNOWN.get(code) or (Unavailable if status >= SERVER_ERROR else Rejected)
    # Some classes build their message from other arguments; the message is already made here.
    error = kind.__new__(kind)
    SottoError.__init__(error, message, hint=hint or kind.default_hint)
    if request_id:
        error.hint += f" (request {request_id})"
    return error
