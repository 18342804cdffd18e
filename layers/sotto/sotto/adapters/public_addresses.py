"""The guard before every call to other people's servers: no request of ours may be turned against our own network.

A host name is resolved once, all its addresses must be the internet's, and the connection is made to the address that
was checked, so a name that resolves differently a moment later changes nothing. TLS is verified for the name.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult

from sotto.domain.errors import InvalidInput

Address = IPv4Address | IPv6Address
CONNECT_S = 5.0
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


class AddressRefused(Exception):
    """The host has no address, or one that is not the internet's."""


def is_public(address: Address) -> bool:
    """Whether `address` is the internet's, also when it wraps an IPv4 address."""
    return all(one.is_global and not one.is_multicast for one in (address, *_inside(address)))


def _inside(address: Address) -> list[Address]:
    if isinstance(address, IPv4Address):
        return []
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    return [one for one in found if one is not None]


def resolve(host: str, port: int) -> Sequence[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found]


class PublicAddresses:
    """Opens connections to the internet only. `loopback` lets 127.0.0.1 through: laptops and tests only."""

    def __init__(
        self,
        *,
        loopback: bool,
        resolve: Callable[[str, int], Sequence[Address]] = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._loopback, self._resolve = loopback, resolve
        self._tls = tls or ssl.create_default_context()

    def check(self, parts: SplitResult, *, key: str) -> None:
        """Raises InvalidInput for `key` when the address does not lead to the internet now."""
        host = parts.hostname or ""
        try:
            self._address(host, _port(parts))
        except AddressRefused:
            raise InvalidInput(
                key, expected="a host whose addresses are all on the internet", found=host[:60]
            ) from None

    @contextmanager
    def exchange(
        self, method: str, parts: SplitResult, headers: Mapping[str, str], body: bytes | None, *, within_s: float
    ) -> Iterator[http.client.HTTPResponse]:
        """One request to the checked address, and the answer, whose head came within `within_s`.

        Its body is the caller's to read: no pause in it may be longer than `within_s`. Raises AddressRefused,
        TimeoutError, ssl.SSLError, OSError and http.client.HTTPException.
        """
        host, port = parts.hostname or "", _port(parts)
        address = self._address(host, port)
        opened = socket.create_connection((str(address), port), timeout=min(CONNECT_S, within_s))
        opened.settimeout(within_s)
        if parts.scheme == "https":
            opened = self._tls.wrap_socket(opened, server_hostname=host, do_handshake_on_connect=False)
        # Time-outs of sockets count from the last byte; a server that drips would never meet one.
        late = threading.Event()
        watchdog = threading.Timer(within_s, _cut, [opened, late])
        watchdog.start()
        connection = http.client.HTTPConnection(host, port)
        connection.sock = opened
        try:
            if isinstance(opened, ssl.SSLSocket):
                opened.do_handshake()
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, {"Host": parts.netloc, **headers})
            answer = connection.getresponse()
            watchdog.cancel()
            if late.is_set():  # what was cut short may look like an answer
                raise TimeoutError
            with answer:
                yield answer
        finally:
            watchdog.cancel()
            connection.close()

    def _address(self, host: str, port: int) -> Address:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            found = []
        allowed = [one for one in found if is_public(one) or (self._loopback and one.is_loopback)]
        if not found or len(allowed) < len(found):
            raise AddressRefused
        return allowed[0]


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _cut(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # below TLS, whose own state another thread is using
