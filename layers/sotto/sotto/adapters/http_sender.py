"""The way out to other people's servers, guarded: no request of ours may be turned against our own network.

A host name is resolved once, all its addresses must be the internet's, and the connection is made to the address that
was checked, so a name that resolves differently a moment later changes nothing. TLS is verified for the name.
Redirects are not followed, and the answer's body is not read.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from sotto.domain.errors import InvalidInput
from sotto.domain.webhooks import Sent

Address = IPv4Address | IPv6Address
CONNECT_S = 5.0
WITHIN_S = 10.0
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


def _resolve(host: str, port: int) -> Sequence[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found]


class HttpSender:
    """Implements workflows.webhook_ports.Sender. `loopback` lets 127.0.0.1 through: laptops and tests only."""

    def __init__(
        self,
        *,
        loopback: bool,
        resolve: Callable[[str, int], Sequence[Address]] = _resolve,
        within_s: float = WITHIN_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._loopback, self._resolve, self._within_s = loopback, resolve, within_s
        self._tls = tls or ssl.create_default_context()

    def check(self, url: str) -> None:
        parts = urlsplit(url)
        try:
            self._address(parts.hostname or "", _port(parts))
        except AddressRefused:
            raise InvalidInput(
                "url",
                expected="a host whose addresses are all on the internet",
                found=(parts.hostname or "")[:60],
            ) from None

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        began = time.monotonic()
        status, error = None, None
        try:
            status = self._post(urlsplit(url), headers, body)
        except AddressRefused:
            error = "address_refused"
        except TimeoutError:
            error = "timed_out"
        except ssl.SSLError:
            error = "tls_failed"
        except OSError:
            error = "no_connection"
        except http.client.HTTPException:
            error = "no_http_answer"
        spent = time.monotonic() - began
        if error in ("no_connection", "no_http_answer") and spent >= self._within_s:
            error = "timed_out"  # the watchdog's cut looks like a broken connection
        return Sent(status, error, round(spent, 3))

    def _post(self, parts: SplitResult, headers: Mapping[str, str], body: bytes) -> int:
        host, port = parts.hostname or "", _port(parts)
        address = self._address(host, port)
        opened = socket.create_connection((str(address), port), timeout=min(CONNECT_S, self._within_s))
        opened.settimeout(self._within_s)
        if parts.scheme == "https":
            opened = self._tls.wrap_socket(opened, server_hostname=host, do_handshake_on_connect=False)
        # Time-outs of sockets count from the last byte; a receiver that drips would never meet one.
        late = threading.Event()
        watchdog = threading.Timer(self._within_s, _cut, [opened, late])
        watchdog.start()
        connection = http.client.HTTPConnection(host, port)
        connection.sock = opened
        try:
            if isinstance(opened, ssl.SSLSocket):
                opened.do_handshake()
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, {"Host": parts.netloc, **headers})
            status = connection.getresponse().status
            if late.is_set():  # what was cut short may look like an answer
                raise TimeoutError
            return status
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
