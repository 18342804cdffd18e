"""The whole stack, started by the command that people use, in a folder of its own, once for each process of pytest."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.emulator import Aws
from infra.local.places import Places
from infra.local.status import read_facts
from tests.e2e.caller import Caller

START_WITHIN_S = 600  # a fresh checkout makes the emulator's environment and fetches models first


class RunningStack:
    """What `sotto status --json` says, by key, as it is now: pids change when a process is killed."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def __getitem__(self, key: str) -> Any:
        facts = read_facts(Places(state=self.state))
        assert facts is not None, f"no status in {self.state}"
        return facts.model_dump()[key]

    @property
    def web_url(self) -> str:
        return str(self["web_url"])

    @property
    def api_url(self) -> str:
        return str(self["api_url"])

    @property
    def aws(self) -> Aws:
        """Clients of its AWS, with the emulator's root key."""
        return Aws(self["endpoint_url"])

    def delete_rows(self, which: str, values: dict[str, str]) -> None:
        """Delete the table's rows for which the filter expression `which` holds."""
        dynamodb, table = self.aws("dynamodb"), self["table"]
        pages = dynamodb.get_paginator("scan").paginate(
            TableName=table,
            FilterExpression=which,
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
            ProjectionExpression="pk, sk",
        )
        for row in [row for page in pages for row in page["Items"]]:
            dynamodb.delete_item(TableName=table, Key=row)

    @property
    def credentials(self) -> tuple[str, str]:
        """The administrator's e-mail and password."""
        found = json.loads(Path(self["credentials_file"]).read_text())
        return found["email"], found["password"]


def sotto(*arguments: str, within_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would."""
    command = [sys.executable, "-m", "sotto.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    state = tmp_path_factory.mktemp("stack") / ".sotto"
    started = sotto(
        *("up", "--detach", "--state", str(state), "--web-port", "0", "--aws-port", "0"), within_s=START_WITHIN_S
    )
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield RunningStack(state)
    finally:
        stopped = sotto("down", "--state", str(state))
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr


@pytest.fixture(autouse=True)
def clients_of_one_test() -> Iterator[None]:
    """boto3's clients leave their sockets to the collector: they go here, and not in the middle of another test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def pids(stack: RunningStack) -> Callable[[], dict[str, int]]:
    """The processes of the stack, as they are when it is called."""
    return lambda: dict(stack["pids"])


@pytest.fixture
def caller(stack: RunningStack) -> Iterator[Caller]:
    """The administrator, signed in."""
    one = Caller(stack.api_url, *stack.credentials)
    yield one
    one.http.close()
