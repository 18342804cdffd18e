"""One world for the module's tests; the functions' caches are emptied around it."""

from __future__ import annotations

import gc
import urllib.request
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from sotto.entry import (
    admission,
    audio_wiring,
    aws,
    dead_letter_wiring,
    identity_wiring,
    ops_wiring,
    receipt_wiring,
    transcript_wiring,
    webhook_wiring,
    wiring,
)
from tests.integration.identity.world import World

ROOMS = (
    admission,
    audio_wiring,
    aws,
    dead_letter_wiring,
    identity_wiring,
    ops_wiring,
    receipt_wiring,
    transcript_wiring,
    webhook_wiring,
    wiring,
)
"""Whatever keeps a client or settings for the life of a process."""


def forget() -> None:
    """Let every process read its settings again."""
    for module in ROOMS:
        for thing in vars(module).values():
            if hasattr(thing, "cache_clear"):
                thing.cache_clear()
    gc.collect()


@pytest.fixture(scope="module")
def built() -> Iterator[World]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    # moto keeps one memory a process, whatever server it is seen through.
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).close()
    forget()
    yield World(endpoint)
    forget()
    server.stop()


@pytest.fixture
def world(built: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in built.environment.items():
        monkeypatch.setenv(name, value)
    built.open()
    return built
