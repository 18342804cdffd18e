"""The authorizer stands in front of every request, so it stays light: docs/security.md has the measured cost."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import ROOT

HEAVY = ("boto3", "botocore", "pydantic", "aws_lambda_powertools", "urllib3", "argon2")
SETTINGS = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "SOTTO_TABLE": "t",
    "SOTTO_ISSUER": "i",
    "SOTTO_AUDIENCE": "a",
}


def test_the_authorizer_loads_neither_an_sdk_nor_pydantic() -> None:
    program = f"import sys, functions.authorizer.handler; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **SETTINGS},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"
