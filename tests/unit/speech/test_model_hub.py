"""A model comes from the Hugging Face hub whole and with the hash that the hub states, or not at all.

The hub is a server of our own that speaks its API; huggingface-hub itself asks it, from the command that people type.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.http_server import HttpServer, Quiet

REPOSITORY = "Systran/faster-whisper-small"
COMMIT = "c" * 40
CONTENT = {"model.bin": b"weights", "config.json": b"{}", "tokenizer.json": b"{}", "README.md": b"not asked for"}


class Hub(HttpServer):
    """One repository. `stated` is the sha256 that it claims for the large file."""

    def __init__(self) -> None:
        self.stated = hashlib.sha256(CONTENT["model.bin"]).hexdigest()
        self.sent: list[str] = []
        hub = self

        class Answer(Quiet, BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                name = path.removeprefix(f"/{REPOSITORY}/resolve/{COMMIT}/")
                if name in CONTENT:
                    if self.command == "GET":
                        hub.sent.append(name)
                    self.answer(CONTENT[name], "application/octet-stream")
                elif path.startswith(f"/api/models/{REPOSITORY}"):
                    facts = hub.files() if "/tree/" in path else hub.facts()
                    self.answer(json.dumps(facts).encode(), "application/json")
                else:
                    self.send_error(404)

            do_HEAD = do_GET  # noqa: N815 - http.server's name

            def answer(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

        super().__init__(Answer)

    def facts(self) -> dict[str, Any]:
        return {
            "id": REPOSITORY,
            "sha": COMMIT,
            "siblings": [{**one, "rfilename": one["path"]} for one in self.files()],
        }

    def files(self) -> list[dict[str, Any]]:
        large = {"sha256": self.stated, "oid": self.stated, "size": len(CONTENT["model.bin"]), "pointerSize": 130}
        return [
            {"type": "file", "path": name, "size": len(content), "oid": "b" * 40, "blobId": "b" * 40}
            | ({"lfs": large} if name == "model.bin" else {})
            for name, content in CONTENT.items()
        ]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as running:
        yield running


def fetch(endpoint: str, folder: Path) -> subprocess.CompletedProcess[str]:
    elsewhere = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "home"), "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run(
        [sys.executable, "-m", "sotto.speech.model_files", "fetch", "small", "--into", str(folder / "models")],
        env={**os.environ, **elsewhere},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_model_of_the_hub_is_fetched_without_what_nobody_needs(hub: Hub, tmp_path: Path) -> None:
    done = fetch(hub.url, tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "models" / "small"
    assert done.stdout == f"small {hub.stated} {folder}\n"
    assert (folder / "model.bin").read_bytes() == b"weights"
    assert sorted(hub.sent) == ["config.json", "model.bin", "tokenizer.json"]


def test_a_file_with_another_hash_than_the_hub_states_is_not_kept(hub: Hub, tmp_path: Path) -> None:
    hub.stated = "0" * 64
    done = fetch(hub.url, tmp_path)
    assert done.returncode == 1
    assert f"model.bin: expected sha256 {hub.stated}" in done.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_a_hub_that_is_not_reached_is_told_with_the_way_out(tmp_path: Path) -> None:
    done = fetch("http://127.0.0.1:9", tmp_path)
    assert done.returncode == 1
    assert f"hub: {REPOSITORY} could not be reached or is not there" in done.stderr
    assert "Fetch it once" in done.stderr
    assert "Traceback" not in done.stderr
