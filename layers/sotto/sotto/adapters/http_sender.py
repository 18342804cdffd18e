"""The way out to other people's servers for webhooks, guarded by public_addresses.py.

Redirects are not followed, and the answer's body is not read.
"""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from sotto.adapters.public_addresses import Address, AddressRefused, PublicAddresses, resolve
from sotto.domain.webhooks import Sent

WITHIN_S = 10.0


class HttpSender:
    """Implements workflows.webhook_ports.Sender. `loopback` lets 127.0.0.1 through: laptops and tests only."""

    def __init__(
        self,
        *,
        loopback: bool,
        resolve: Callable[[str, int], Sequence[Address]] = resolve,
        within_s: float = WITHIN_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._addresses = PublicAddresses(loopback=loopback, resolve=resolve, tls=tls)
        self._within_s = within_s

    def check(self, url: str) -> None:
        self._addresses.check(urlsplit(url), key="url")

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        began = time.monotonic()
        status, error = None, None
        try:
            with self._addresses.exchange("POST", urlsplit(url), headers, body, within_s=self._within_s) as answer:
                status = answer.status
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
