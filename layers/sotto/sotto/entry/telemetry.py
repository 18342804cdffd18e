"""One logger for every process: JSON, with the request id, and with secrets and spoken text kept out.

Redaction is a second net. The first is that nothing logs a body, a header or an object's content.
"""

from __future__ import annotations

import re
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

_SECRETS = re.compile(
    r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"  # a JWT
    r"|\bsk_[\w-]{8,}"  # an API key
    r"|\bwhsec_[\w+/=-]{8,}"  # a webhook's secret
    r"|\b(?:rt|iv|pw)_[\w.-]{8,}"  # a refresh token, an invitation, a password reset
    r"|X-Amz-(?:Signature|Credential|Security-Token)=[^&\s\"]+"
)
HIDDEN = "[hidden]"


def redact(text: str) -> str:
    """`text` without tokens, keys and signatures."""
    return _SECRETS.sub(HIDDEN, text)


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Removes secrets from the finished line, whatever key they came in under."""

    def serialize(self, log: Any) -> str:
        return redact(super().serialize(log))


def make_logger(service: str) -> Logger:
    """A logger named after the function; the level comes from POWERTOOLS_LOG_LEVEL (INFO by default)."""
    return Logger(service=service, logger_formatter=RedactingFormatter(), log_uncaught_exceptions=False)
