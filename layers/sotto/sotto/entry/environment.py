"""The one door to the environment, without pydantic: the authorizer cannot afford it (docs/security.md).

entry/settings.py builds the checked models of all other processes on top of this.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from sotto.domain.errors import MisconfiguredSetting

PLACEHOLDER = re.compile(r"(change[-_ ]?me.*|todo|x{3,}|<.*>|your[-_].*|example)", re.IGNORECASE)
FIX = "set the matching parameter in samconfig.toml and deploy again (`sam deploy`, or `sotto up` on a laptop)"


def environment() -> Mapping[str, str]:
    return os.environ


def required(environ: Mapping[str, str], key: str, expected: str) -> str:
    """The value of `key`. Raises MisconfiguredSetting when it is missing, empty or a placeholder."""
    value = environ.get(key, "").strip()
    if not value:
        raise MisconfiguredSetting(key, expected=expected, found="nothing", fix=FIX)
    if PLACEHOLDER.fullmatch(value):
        raise MisconfiguredSetting(key, expected=expected, found="a placeholder", fix=FIX)
    return value


def whole_number(environ: Mapping[str, str], key: str, expected: str, default: int) -> int:
    """The number that `key` holds, 0 or more. Raises MisconfiguredSetting when it holds something else."""
    value = environ.get(key, "").strip()
    if value and not (value.isascii() and value.isdigit()):
        raise MisconfiguredSetting(key, expected=expected, found=value, fix=FIX)
    return int(value or default)
