"""Whether a running stack is well: each part is asked, none is believed."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

from infra.local import orphans
from infra.local.room import free_bytes, is_nearly_full
from infra.local.status import Facts

WITHIN_S = 5


class Report(Facts):
    """The facts, and what each part said: `ok`, or what was found instead."""

    health: dict[str, str]

    @property
    def healthy(self) -> bool:
        return self.state == "ready" and all(said == "ok" for said in self.health.values())

    def for_people(self) -> str:
        lines = [
            f"state      {self.state}, pid {self.pid}, since {self.started_at}",
            f"web app    {self.web_url}",
            f"API        {self.api_url}",
            f"AWS        {self.endpoint_url}",
            f"bucket     {self.bucket}",
            f"table      {self.table}",
            f"sign-in    {self.credentials_file}",
            f"logs       {self.logs}",
        ]
        for name, said in self.health.items():
            again = f", started again {count} times" if (count := self.restarts.get(name)) else ""
            pid = f", pid {self.pids[name]}" if name in self.pids else ""
            lines.append(f"{name:<12} {said}{pid}{again}")
        return "\n".join(lines)


def examine(facts: Facts) -> Report:
    """Ask every part of the stack."""
    health = {
        "emulator": _get(f"{facts.endpoint_url}/_ministack/health"),
        "edge": _get(f"{facts.api_url}/livez"),
        "transcribe": _get(f"{facts.transcribe_url}/readyz"),
        "event_source": "ok" if orphans.lives(facts.pids.get("event_source", -1)) else "not running",
    }
    state = Path(facts.state_dir)
    health["disk"] = f"nearly full, {free_bytes(state) >> 20} MiB free" if is_nearly_full(state) else "ok"
    return Report(**facts.model_dump(), health=health)


def _get(url: str) -> str:
    if not url.startswith("http"):
        return "not started yet"
    try:
        with urllib.request.urlopen(url, timeout=WITHIN_S):  # noqa: S310 - our own http URL
            return "ok"
    except urllib.error.HTTPError as error:
        return _reason(error)
    except OSError as error:
        return f"no answer ({type(error).__name__})"


def _reason(error: urllib.error.HTTPError) -> str:
    """The answer's own words where it has some, as /readyz does while the model is being loaded."""
    try:
        said = json.load(error)
        return str(said.get("message") or said.get("detail") or error.code)
    except (ValueError, AttributeError):
        return f"{error.code} {HTTPStatus(error.code).phrase}"
