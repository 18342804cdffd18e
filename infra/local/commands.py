"""`sotto up`, `sotto down`, `sotto status`: the commands that need a checkout. A plug-in of the `sotto` command."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from infra.local.errors import NotRunning, StackError
from infra.local.places import CHECKOUT, Places
from infra.local.status import Facts, is_running, read_facts

EXIT_TROUBLE = 1
EXIT_NOT_RUNNING = 4
STOP_WITHIN_S = 60.0
POLL_S = 0.1


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the `sotto` command."""
    up = subparsers.add_parser("up", help="start the whole cloud on this machine")
    up.add_argument("--detach", action="store_true", help="return when it is ready; stop it with `sotto down`")
    up.set_defaults(run=_up)
    demo = subparsers.add_parser("demo", help="start it, transcribe the bundled sample, and stop")
    demo.add_argument("--stay", action="store_true", help="serve until Ctrl-C instead of stopping")
    demo.set_defaults(run=_demo, detach=False)
    down = subparsers.add_parser("down", help="stop it; recordings, transcripts and accounts stay")
    down.add_argument("--delete-data", action="store_true", help="remove those too, for good")
    down.set_defaults(run=_down)
    status = subparsers.add_parser("status", help="what runs, where, and whether it is well")
    status.add_argument("--json", action="store_true", help="as one JSON object")
    status.set_defaults(run=_status)
    for parser in (up, demo):
        parser.add_argument("--web-port", type=int, default=8080, help="of the web app (a free one if taken)")
        parser.add_argument("--aws-port", type=int, default=4566, help="of the AWS endpoint (a free one if taken)")
    for parser in (up, demo, down, status):
        parser.add_argument("--state", type=Path, help="folder that holds the stack (default: .sotto in the checkout)")


def places_of(given: argparse.Namespace) -> Places:
    return Places(state=given.state.resolve()) if given.state else Places.of_checkout()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _complain(line: str) -> None:
    sys.stderr.write(line + "\n")


# --- up


def _up(given: argparse.Namespace) -> int:
    places = places_of(given)
    try:
        if given.detach:
            return _detach(places, given)
        asyncio.run(_serve(places, given, _greet))
    except StackError as error:
        _complain(str(error))
        return EXIT_TROUBLE
    return 0


async def _serve(places: Places, given: argparse.Namespace, ready: Callable[[Facts, asyncio.Event], None]) -> None:
    """Run the stack until a signal, or until `ready` sets the event that it is given."""
    from infra.local.stack import Stack  # opens the SDK's door, which `down` and `status` need not wait for

    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    environ = dict(os.environ)
    for setting in [key for key in os.environ if key.startswith("AWS_")]:
        del os.environ[setting]  # a profile or an endpoint of the developer's shell has no say here
    stack = Stack(places, _say, environ, web_port=given.web_port, aws_port=given.aws_port)
    await stack.run(stopped, lambda facts: ready(facts, stopped))
    _say("stopped; everything is kept in " + str(places.state))


def _greet(facts: Facts, _: asyncio.Event) -> None:
    _say(
        "\n".join(
            (
                "",
                f"  web app   {facts.web_url}",
                f"  API       {facts.api_url}",
                f"  AWS       AWS_ENDPOINT_URL={facts.endpoint_url} (keys: test, test)",
                f"  sign in   e-mail and password are in {facts.credentials_file}",
                "",
                "  sotto transcribe talk.mp3      needs no sign-in on this machine",
                "  Ctrl-C, or `sotto down`        stops everything and keeps the data",
                "",
            )
        )
    )


def _detach(places: Places, given: argparse.Namespace) -> int:
    """Start another `sotto up` that outlives this terminal, and show its progress until it is ready."""
    import subprocess

    places.logs.mkdir(parents=True, exist_ok=True)
    log = places.logs / "starter.log"
    options = ["--web-port", str(given.web_port), "--aws-port", str(given.aws_port)]
    options += ["--state", str(given.state.resolve())] if given.state else []
    with log.open("wb") as output:
        starter = subprocess.Popen(
            [sys.executable, "-m", "sotto.cli.main", "up", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=CHECKOUT,
        )
    shown = 0
    try:
        while True:
            ended = starter.poll() is not None
            lines = log.read_text(errors="replace")
            sys.stdout.write(lines[shown:])
            sys.stdout.flush()
            shown = len(lines)
            if ended:
                return starter.returncode or EXIT_TROUBLE
            facts = read_facts(places)
            if facts and facts.pid == starter.pid and facts.state == "ready":
                return 0
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        starter.terminate()
        starter.wait()
        return 130


# --- demo


def _demo(given: argparse.Namespace) -> int:
    """`make run` and `make demo`: from nothing to the sample's words."""
    from infra.local.sample import transcribe_sample

    ended: list[int] = []

    def show(facts: Facts, stopped: asyncio.Event) -> None:
        async def transcribe() -> None:
            ended.append(await asyncio.to_thread(transcribe_sample, facts))
            _greet(facts, stopped) if given.stay else stopped.set()

        tasks.add(asyncio.get_running_loop().create_task(transcribe()))

    tasks: set[asyncio.Task[None]] = set()
    try:
        asyncio.run(_serve(places_of(given), given, show))
    except StackError as error:
        _complain(str(error))
        return EXIT_TROUBLE
    return ended[0] if ended else EXIT_TROUBLE


# --- down


def _down(given: argparse.Namespace) -> int:
    places = places_of(given)
    try:
        stop(places)
        _say("stopped")
    except NotRunning as error:
        _say(str(error))
    except StackError as error:
        _complain(str(error))
        return EXIT_TROUBLE
    if given.delete_data and places.state.is_dir():
        shutil.rmtree(places.state)
        _say(f"removed {places.state}")
    return 0


def stop(places: Places) -> None:
    """Stop the stack and wait until nothing of it is left. Raises NotRunning, after cleaning what a crash left."""
    from infra.local import orphans

    facts = read_facts(places)
    running = is_running(places)
    if running and facts is not None:
        os.kill(facts.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN_S
        while is_running(places) or orphans.lives(facts.pid):
            if time.monotonic() > deadline:
                os.kill(facts.pid, signal.SIGKILL)
                break
            time.sleep(POLL_S)
    left = orphans.reap(places, facts.pids.values()) if facts else []
    shutil.rmtree(places.temporary, ignore_errors=True)
    if not running:
        ended = f"; ended {len(left)} processes that a crash had left" if left else ""
        raise NotRunning(f"nothing was running{ended}")


# --- status


def _status(given: argparse.Namespace) -> int:
    from infra.local.health import examine

    places = places_of(given)
    facts = read_facts(places)
    if facts is None or not is_running(places):
        _say('{"state": "stopped"}' if given.json else "not running; start it with `sotto up`")
        return EXIT_NOT_RUNNING
    report = examine(facts)
    _say(report.model_dump_json(indent=1) if given.json else report.for_people())
    return 0 if report.healthy else EXIT_TROUBLE
