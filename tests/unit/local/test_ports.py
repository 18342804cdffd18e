"""Ports: the well-known one, another one if somebody has it."""

from __future__ import annotations

import socket

from infra.local.ports import LOOPBACK, choose, is_free


def test_a_port_that_is_taken_is_not_chosen() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        other = choose(port)
        assert other != port
        assert is_free(other)
        assert choose(0, port, other) == other
    assert choose(port) == port
