"""Signed calls to DynamoDB with nothing but the standard library.

The authorizer runs in front of every request, and on a cold start boto3 alone costs more CPU than everything else it
does (docs/security.md has the numbers). It needs three plain calls, so they are signed here. A mistake in this file
can only make AWS refuse the request; a test compares each signature with botocore's own.
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
_API = "DynamoDB_20120810"
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
    host: str, body: bytes, *, region: str, credentials: Credentials, now: datetime, target: str
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
        wire = [_typed(key) for key in keys]
        answer = self._call("BatchGetItem", {"RequestItems": {self._table: {"Keys": wire, "ConsistentRead": True}}})
        if answer is None or answer.get("UnprocessedKeys"):
            raise StorageUnavailable("table: expected all rows, found it throttled")
        rows: list[Row] = answer["Responses"].get(self._table, [])
        return rows

    def swap(self, key: Mapping[str, str], name: str, before: str | None, after: str) -> bool:
        """Set the text attribute `name` of an existing row if it still is `before` (None: absent)."""
        unchanged = "attribute_not_exists(#name)" if before is None else "#name = :before"
        values = {":after": after} if before is None else {":after": after, ":before": before}
        change = {
            "TableName": self._table,
            "Key": _typed(key),
            "UpdateExpression": "SET #name = :after",
            "ConditionExpression": f"attribute_exists(pk) AND {unchanged}",
            "ExpressionAttributeNames": {"#name": name},
            "ExpressionAttributeValues": _typed(values),
        }
        return self._call("UpdateItem", change) is not None

    def add(self, row: Mapping[str, str | int]) -> None:
        """A new row; one with the same key stays as it is."""
        item = {"TableName": self._table, "Item": _typed(row), "ConditionExpression": "attribute_not_exists(pk)"}
        self._call("PutItem", item)

    def close(self) -> None:
        self._connection.close()

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer, or None when a condition does not hold."""
        status, text = self._send(operation, json.dumps(request).encode())
        if status == http.client.BAD_REQUEST and b"ConditionalCheckFailedException" in text:
            return None
        if status != http.client.OK:
            raise StorageUnavailable(f"table: expected an answer to {operation}, found HTTP {status}")
        answer: dict[str, Any] = json.loads(text)
        return answer

    def _send(self, operation: str, body: bytes) -> tuple[int, bytes]:
        """One answer; a kept connection that the other side closed meanwhile is opened again, once."""
        headers = signed_headers(
            self._address.netloc,
            body,
            region=self._region,
            credentials=self._current(),
            now=self._clock(),
            target=f"{_API}.{operation}",
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


def _typed(values: Mapping[str, str | int]) -> dict[str, dict[str, str]]:
    """Plain values as DynamoDB's typed attributes."""
    return {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in values.items()}
