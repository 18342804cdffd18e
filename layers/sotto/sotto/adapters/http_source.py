"""Recordings on other people's servers, guarded by public_addresses.py; a redirect is checked like the first address.

What a source answers becomes one of our errors here: 404 and 410 are not found, 408, 425, 429 and 5xx may pass, and
whatever else is no recording is a refusal. Nothing of an answer's body or of the address's query is repeated.
"""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from email.message import Message
from urllib.parse import SplitResult, urljoin, urlsplit

from sotto.adapters.public_addresses import Address, AddressRefused, PublicAddresses, resolve
from sotto.domain.addresses import check_url
from sotto.domain.errors import InvalidInput, SourceNotFound, SourceRefused, SourceUnavailable
from sotto.domain.sources import Download, SourceFacts

CHUNK_BYTES = 64 * 1024
MAX_REDIRECTS = 5
QUIET_S = 30.0
"""A source may be silent for so long, before its answer and in it."""
DEFAULT_WAIT_S = 10
LONGEST_WAIT_S = 900  # a longer Retry-After is a longer pause than the queue's tries are worth
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429})


class HttpSource:
    """Implements workflows.fetch_ports.Sources. `loopback` lets this machine and plain http through."""

    def __init__(
        self,
        *,
        loopback: bool,
        agent: str,
        resolve: Callable[[str, int], Sequence[Address]] = resolve,
        quiet_s: float = QUIET_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._addresses = PublicAddresses(loopback=loopback, resolve=resolve, tls=tls)
        self._loopback, self._agent, self._quiet_s = loopback, agent, quiet_s

    def check(self, url: str) -> None:
        self._addresses.check(urlsplit(url), key="source_url")

    @contextmanager
    def open(self, url: str, *, first_byte: int, validator: str | None) -> Iterator[Download]:
        # What comes squeezed would be stored squeezed, and ranges count the squeezed bytes.
        headers = {"User-Agent": self._agent, "Accept": "*/*", "Accept-Encoding": "identity"}
        if first_byte and validator:
            headers |= {"Range": f"bytes={first_byte}-", "If-Range": validator}
        with ExitStack() as connections:
            for _ in range(MAX_REDIRECTS + 1):
                answer = self._ask(connections, urlsplit(url), headers)
                if answer.status not in _REDIRECTS:
                    yield _download(answer, first_byte)
                    return
                url = self._next(url, answer.headers.get("Location", ""))
        raise SourceRefused(f"source: expected at most {MAX_REDIRECTS} redirects, found more")

    def _ask(self, connections: ExitStack, parts: SplitResult, headers: dict[str, str]) -> http.client.HTTPResponse:
        exchange = self._addresses.exchange("GET", parts, headers, None, within_s=self._quiet_s)
        try:
            return connections.enter_context(exchange)
        except AddressRefused:
            found = (parts.hostname or "")[:60]
            raise SourceRefused(
                f"source: expected a host whose addresses are all on the internet, found {found!r}"
            ) from None
        except ssl.SSLCertVerificationError:
            raise SourceRefused("source: expected a certificate that holds for its host, found another") from None
        except (OSError, http.client.HTTPException) as error:
            raise SourceUnavailable(f"source: expected an answer, found {type(error).__name__}") from error

    def _next(self, url: str, location: str) -> str:
        try:
            return check_url(urljoin(url, location.partition("#")[0]), plain_http=self._loopback)
        except InvalidInput:
            raise SourceRefused("source: expected redirects to https addresses, found another") from None


def _download(answer: http.client.HTTPResponse, first_byte: int) -> Download:
    status, length = answer.status, answer.headers.get("Content-Length", "")
    if status in (404, 410):
        raise SourceNotFound(f"source: expected a recording, found status {status}")
    if status in _PASSING or status >= 500:
        raise SourceUnavailable(
            f"source: expected a recording, found status {status}", retry_after_s=_wait_s(answer.headers)
        )
    size = int(length) if length.isdecimal() and "Transfer-Encoding" not in answer.headers else None
    if status == 200:
        return Download(SourceFacts(size, _validator(answer.headers)), 0, _chunks(answer, size))
    rest = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if status != 206 or rest is None or int(rest[1]) != first_byte:
        raise SourceRefused(f"source: expected a recording, found status {status}")
    whole = int(rest[2]) if rest[2].isdecimal() else None
    return Download(SourceFacts(whole, _validator(answer.headers)), first_byte, _chunks(answer, size))


def _chunks(answer: http.client.HTTPResponse, expected: int | None) -> Iterator[bytes]:
    found = 0
    try:
        while chunk := answer.read1(CHUNK_BYTES):
            found += len(chunk)
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise SourceUnavailable(f"source: expected its next bytes, found {type(error).__name__}") from error
    if expected is not None and found != expected:
        raise SourceUnavailable(f"source: expected {expected} bytes, found its end after {found}")


def _validator(headers: Message) -> str | None:
    """What If-Range takes: a strong entity tag, or the date of the last change."""
    tag = headers.get("ETag", "").strip()
    return tag if tag.startswith('"') else headers.get("Last-Modified") or None


def _wait_s(headers: Message) -> int:
    told = headers.get("Retry-After", "")
    return min(int(told), LONGEST_WAIT_S) if told.isdecimal() else DEFAULT_WAIT_S
