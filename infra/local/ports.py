"""Which ports the stack listens on: the well-known ones, or free ones if somebody has those. Loopback only."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free for us
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose(*preferred: int) -> int:
    """The first of `preferred` that is free (0 skips), else a free port that the system picks.

    Another process may take the port before our child binds it; the child then dies with a clear line in its log.
    """
    for port in preferred:
        if port and is_free(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
