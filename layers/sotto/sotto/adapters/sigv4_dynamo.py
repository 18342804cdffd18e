"""One signed read from DynamoDB with nothing but the standard library.

The authorizer runs in front of every request, and on a cold start boto3 alone costs more CPU than everything else it
does (docs/security.md has the numbers). It needs a single call, BatchGetItem, so that call is signed here. A mistake
in this file can only make AWS refuse the request; a test compares each signature with botocore's own.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from sotto.domain.errors import StorageUnavailable

_TIMEOUT_S = 3.0
_RENEW_BEFORE = timedelta(minutes=5)
_SERVICE = "dynamodb"
_TARGET = "DynamoDB_20120810.BatchGetItem"
_CONTENT_TYPE = "application/x-amz-json-1.0"
Row = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str
    session_token: str | None = None
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return "Credentials(hidden)"


def container_credentials(url: str, token: str) -> Credentials:
    """What Lambda hands a function that was restored from a snapshot, in place of environment variables."""
    if not url.startswith("http://"):
        raise StorageUnavailable("credentials: expected a local http address, found another")
    request = urllib.request.Request(url, headers={"Authorization": token})  # noqa: S310 - http checked above
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        found = json.load(answer)
    return Credentials(
        found["AccessKeyId"],
        found["SecretAccessKey"],
        found["Token"],
        datetime.fromisoformat(found["Expiration"]),
    )


def signed_headers(
    host: str, body: bytes, *, region: str, credentials: Credentials, now: datetime, target: str = _TARGET
) -> dict[str, str]:
    """The headers of a POST of `body` to `/`, signed by AWS Signature Version 4."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": _CONTENT_TYPE, "host": host, "x-amz-date": stamp, "x-amz-target": target}
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(headers))
    canonical_headers = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{canonical_headers}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{region}/{_SERVICE}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for step in scope.split("/"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


class SignedDynamo:
    """A connection that is kept between calls, since the function's process is."""

    def __init__(
        self,
        *,
        table: str,
        region: str,
        credentials: Callable[[], Credentials],
        endpoint: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table, self._region, self._load, self._clock = table, region, credentials, clock
        self._address = urlsplit(endpoint or f"https://dynamodb.{region}.amazonaws.com")
        self._credentials: Credentials | None = None

    def get(self, keys: Sequence[Mapping[str, str]]) -> list[Row]:
        """The rows of `keys` that exist, read consistently, in no order. Raises StorageUnavailable."""
        wire = [{name: {"S": value} for name, value in key.items()} for key in keys]
        body = json.dumps({"RequestItems": {self._table: {"Keys": wire, "ConsistentRead": True}}}).encode()
        status, text = self._send(body)
        if status != http.client.OK:
            raise StorageUnavailable(f"table: expected rows, found HTTP {status}")
        answer = json.loads(text)
        if answer.get("UnprocessedKeys"):
            raise StorageUnavailable("table: expected all rows, found it throttled")
        rows: list[Row] = answer["Responses"].get(self._table, [])
        return rows

    def close(self) -> None:
        self._connection.close()

    def _send(self, body: bytes) -> tuple[int, bytes]:
        """One answer; a kept connection that the other side closed meanwhile is opened again, once."""
        headers = signed_headers(
            self._address.netloc, body, region=self._region, credentials=self._current(), now=self._clock()
        )
        for last in (False, True):
            try:
                self._connection.request("POST", "/", body, headers)
                answer = self._connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if last:
                    raise StorageUnavailable(f"table: expected an answer, found {type(error).__name__}") from error
        raise AssertionError  # the loop returned or raised

    def _current(self) -> Credentials:
        known = self._credentials
        if known is None or (known.expires_at and self._clock() > known.expires_at - _RENEW_BEFORE):
            try:
                known = self._credentials = self._load()
            except (OSError, ValueError, KeyError) as error:
                raise StorageUnavailable(f"credentials: expected some, found {type(error).__name__}") from error
        return known

    @cached_property
    def _connection(self) -> http.client.HTTPConnection:
        host = self._address.hostname or ""
        if self._address.scheme == "http":
            return http.client.HTTPConnection(host, self._address.port, timeout=_TIMEOUT_S)
        return http.client.HTTPSConnection(
            host, self._address.port, timeout=_TIMEOUT_S, context=ssl.create_default_context()
        )
