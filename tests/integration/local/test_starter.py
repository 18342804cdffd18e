"""`sotto up`, `down` and `status` as a person uses them: ports taken, crashes, restarts, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import pytest

from infra.local import orphans
from infra.local.places import Places
from infra.local.ports import LOOPBACK, is_free
from infra.local.status import is_running, read_facts
from tests.e2e.caller import word_errors
from tests.recordings import SAMPLE_TEXT
from tests.waiting import until

pytestmark = [pytest.mark.emulator, pytest.mark.e2e]


class Machine:
    """A state folder and a home of its own, with the command to be typed in it."""

    def __init__(self, folder: Path) -> None:
        self.places = Places(state=folder / "state")
        self.home = folder / "home"
        self.home.mkdir()

    def sotto(self, *arguments: str, within_s: float = 300) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "HOME": str(self.home), "AWS_PROFILE": "of-somebody-else"}
        state = ("--state", str(self.places.state))
        command = [sys.executable, "-m", "sotto.cli.main", *arguments, *state]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=within_s, check=False, env=environment, cwd=self.home
        )

    def up(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.sotto("up", "--detach", *options)

    def facts(self) -> dict[str, Any]:
        """What the last starter wrote, alive or not."""
        facts = read_facts(self.places)
        assert facts is not None
        return facts.model_dump()

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.sotto("status", "--json").stdout))

    def processes(self) -> list[psutil.Process]:
        """Whatever runs with this stack's temporary folder, however it came to be."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TMPDIR") == str(self.places.temporary):
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.sotto("down")
    for process in machine.processes():
        process.kill()


def test_a_day_with_the_laptop_cloud(machine: Machine) -> None:
    """One story, because each start costs seconds: start, crash, start again, stop."""
    with socket.socket() as web, socket.socket() as aws:
        for taken in (web, aws):
            taken.bind((LOOPBACK, 0))
            taken.listen()
        ports = [str(taken.getsockname()[1]) for taken in (web, aws)]
        started = machine.up("--web-port", ports[0], "--aws-port", ports[1])
        assert started.returncode == 0, started.stdout + started.stderr
    first = machine.status()
    assert first["state"] == "ready"
    assert set(first["health"].values()) == {"ok"}, first["health"]
    assert not any(f":{port}" in str(first) for port in ports), "taken ports were left to who has them"
    assert set(first["queues"]) == {"arrived", "arrived_dlq", "fast", "fast_dlq", "bulk", "bulk_dlq"}
    assert Path(first["credentials_file"]).stat().st_mode & 0o777 == 0o600
    everything_is_on_loopback(machine)

    again = machine.up()
    assert again.returncode == 1
    assert f"already running at {first['web_url']}" in again.stdout

    put_row(first, "kept")
    keys = json.loads(Path(first["credentials_file"]).read_text())
    victims = {name: pid for name, pid in first["pids"].items() if name != "emulator"}
    for pid in victims.values():
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(machine.status()["pids"].get(name, pid) != pid for name, pid in victims.items()), 60)
    until(lambda: set(machine.status()["health"].values()) == {"ok"}, 60)

    os.kill(first["pid"], signal.SIGKILL)  # the starter itself: everything it started lives on
    until(lambda: not is_running(machine.places))
    assert machine.sotto("status").returncode == 4
    assert machine.processes()
    started = machine.up()
    assert started.returncode == 0, started.stdout + started.stderr
    assert "ended what an earlier start had left running" in started.stdout
    second = machine.status()
    assert (second["web_url"], second["endpoint_url"]) == (first["web_url"], first["endpoint_url"])
    assert second["table"] == first["table"]
    assert rows(second) >= {"kept"}
    assert json.loads(Path(second["credentials_file"]).read_text()) == keys

    stopped = machine.sotto("down")
    assert (stopped.returncode, stopped.stdout) == (0, "stopped\n"), stopped.stderr
    nothing_is_left(machine, second)
    assert "nothing was running" in machine.sotto("down").stdout
    assert machine.sotto("status", "--json").stdout == '{"state": "stopped"}\n'
    assert machine.sotto("down", "--delete-data").returncode == 0
    assert not machine.places.state.exists()


def everything_is_on_loopback(machine: Machine) -> None:
    for process in machine.processes():
        for connection in process.net_connections():
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip == LOOPBACK, (process.cmdline(), connection)


def nothing_is_left(machine: Machine, facts: dict[str, Any]) -> None:
    assert machine.processes() == []
    assert not any(orphans.lives(pid) for pid in [facts["pid"], *facts["pids"].values()])
    assert not machine.places.temporary.exists()
    for url in (facts["web_url"], facts["endpoint_url"], facts["transcribe_url"]):
        assert is_free(int(url.rpartition(":")[2]))
    ours = {path.name for path in machine.home.iterdir()} & {".config", ".gunicorn"}
    assert ours == set(), "and a stack with --state is nobody's default"


def put_row(facts: dict[str, Any], key: str) -> None:
    table(facts).put_item(Item={"pk": f"TEST#{key}", "sk": key})


def rows(facts: dict[str, Any]) -> set[str]:
    return {str(item["sk"]) for item in table(facts).scan()["Items"]}


def table(facts: dict[str, Any]) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.resource("dynamodb", endpoint_url=facts["endpoint_url"], **keys).Table(facts["table"])


def test_ctrl_c_while_it_starts_leaves_nothing(machine: Machine) -> None:
    command = [sys.executable, "-m", "sotto.cli.main", "up", "--state", str(machine.places.state)]
    environment = {**os.environ, "HOME": str(machine.home)}
    with subprocess.Popen(
        [*command, "--web-port", "0", "--aws-port", "0"], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "emulator ready" in line:
                break
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
    assert "stopped; everything is kept" in said
    assert machine.processes() == []
    assert not machine.places.temporary.exists()
    facts = read_facts(machine.places)
    assert facts is not None
    assert (facts.state, facts.pids) == ("stopped", {})


def test_the_demo_says_the_samples_words_and_stops_or_stays(machine: Machine) -> None:
    """What `make demo` and `make run` call."""
    ports = ("--web-port", "0", "--aws-port", "0")
    shown = machine.sotto("demo", *ports)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert word_errors(SAMPLE_TEXT, words_of_the_sample(shown.stdout)) <= 3
    nothing_is_left(machine, machine.facts())

    command = [sys.executable, "-m", "sotto.cli.main", "demo", "--stay", "--state", str(machine.places.state)]
    environment = {**os.environ, "HOME": str(machine.home)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        facts = machine.status()
        alive = httpx.get(f"{facts['api_url']}/livez", timeout=30)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert word_errors(SAMPLE_TEXT, words_of_the_sample(said)) <= 3
    assert {facts["web_url"], facts["api_url"]} <= set(said.split())
    assert (alive.status_code, process.returncode) == (200, 0)
    nothing_is_left(machine, facts)


def words_of_the_sample(said: str) -> str:
    """What was printed between the sample's name and what comes after its text."""
    text = said.partition("transcribing tests/audio/sample.ogg:")[2]
    return text.partition("web app")[0].partition("stopped; everything")[0]


def test_a_full_disk_is_told_before_anything_is_started(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio
    import shutil

    from infra.local.errors import DiskTooFull
    from infra.local.stack import Stack

    usage = shutil.disk_usage(machine.home)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=10 << 20))
    with pytest.raises(DiskTooFull, match=r"expected 512 MiB free, found 10 MiB.*make clean"):
        asyncio.run(Stack(machine.places, print, {}).run(asyncio.Event(), lambda _: None))
    assert not machine.places.temporary.exists()
