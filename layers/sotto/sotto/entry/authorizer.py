"""The authorizer's edge: a gateway event in, a policy out. Imports neither pydantic nor an SDK.

The answer allows or denies the whole API, not one method: the gateway keeps it for a while under the caller's
credential, and a policy for one route would be replayed on the next (domain/access.py decides each route, in the
function that serves it). A refusal is an answer too, so it is kept as well: hammering with a dead token costs little.
An exception is only for the world's fault; the gateway answers 500 and keeps nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import Any

from sotto.adapters.dynamo_standings import DynamoPublicKeys, DynamoStandings, LeanAudit
from sotto.adapters.jwt_tokens import JwtVerifier
from sotto.adapters.sigv4_dynamo import Credentials, SignedDynamo, container_credentials
from sotto.domain.audit import Action
from sotto.domain.errors import Unauthenticated
from sotto.domain.identity import Principal
from sotto.entry.environment import environment, required, whole_number
from sotto.entry.origin import origin_of
from sotto.entry.principal import principal_to_context
from sotto.workflows.authorize import Authorize
from sotto.workflows.record_audit import RecordAudit

Event = Mapping[str, Any]
_NOBODY = "nobody"


class GatewayAuthorizer:
    """What Lambda calls. Logs one line a call: the outcome and why, and a caller's fingerprint, never the caller."""

    def __init__(self, authorize: Authorize, audit: RecordAudit, log: logging.Logger, *, proxies: int = 0) -> None:
        self._authorize, self._audit, self._log, self._proxies = authorize, audit, log, proxies

    def __call__(self, event: Event, context: object) -> dict[str, Any]:
        del context
        try:
            found = self._authorize(_header(event, "authorization"), _header(event, "x-api-key"))
        except Unauthenticated as refusal:
            self._note(event, "refused", reason=refusal.message)
            return _policy(event, "Deny", _NOBODY, {})
        principal = found.principal
        if found.first_use is not None:
            self._audit(Action.KEY_USED, found.first_use.prefix, origin_of(event, self._proxies), by=principal)
        self._note(event, "allowed", caller=fingerprint(principal), credential=principal.credential)
        return _policy(event, "Allow", fingerprint(principal), principal_to_context(principal))

    def _note(self, event: Event, outcome: str, **facts: str) -> None:
        request = (event.get("requestContext") or {}).get("requestId")
        line = {"message": outcome, "correlation_id": request, "route": event.get("resource"), **facts}
        self._log.info(json.dumps(line))


def make_authorizer(environ: Mapping[str, str] | None = None) -> GatewayAuthorizer:
    """Wire the authorizer from its settings. Raises MisconfiguredSetting."""
    environ = environment() if environ is None else environ
    clock = partial(datetime.now, UTC)
    table = SignedDynamo(
        table=required(environ, "SOTTO_TABLE", "Name of the DynamoDB table"),
        region=required(environ, "AWS_REGION", "AWS region, which Lambda sets"),
        credentials=_credentials_from(environ),
        endpoint=environ.get("AWS_ENDPOINT_URL_DYNAMODB") or environ.get("AWS_ENDPOINT_URL") or None,
        clock=clock,
    )
    verifier = JwtVerifier(
        issuer=required(environ, "SOTTO_ISSUER", "Issuer of access tokens"),
        audience=required(environ, "SOTTO_AUDIENCE", "Audience of access tokens"),
        key_of=DynamoPublicKeys(table, clock),
        clock=clock,
    )
    audit_days = whole_number(environ, "SOTTO_AUDIT_DAYS", "Days that the audit log is kept", 365)
    return GatewayAuthorizer(
        Authorize(verifier, DynamoStandings(table, clock), clock),
        RecordAudit(LeanAudit(table, audit_days), clock, partial(token_hex, 13)),
        _logger(),
        proxies=whole_number(environ, "SOTTO_TRUSTED_PROXIES", "Proxies of our own before the API, 0 to 3", 0),
    )


def fingerprint(principal: Principal) -> str:
    """Enough to find one caller's lines, too little to name the caller."""
    return hashlib.sha256(principal.user_id.encode()).hexdigest()[:12]


def _credentials_from(environ: Mapping[str, str]) -> Callable[[], Credentials]:
    url = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if url:
        return partial(container_credentials, url, environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", ""))
    found = Credentials(
        required(environ, "AWS_ACCESS_KEY_ID", "Access key, which Lambda sets"),
        required(environ, "AWS_SECRET_ACCESS_KEY", "Secret key, which Lambda sets"),
        environ.get("AWS_SESSION_TOKEN") or None,
    )
    return lambda: found


def _header(event: Event, name: str) -> str:
    headers: Mapping[str, str] = event.get("headers") or {}
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _policy(event: Event, effect: str, caller: str, context: dict[str, str]) -> dict[str, Any]:
    """`effect` on every route of this API's stage: arn:aws:execute-api:<region>:<account>:<api>/<stage>/*."""
    stage = "/".join(str(event["methodArn"]).split("/")[:2])
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{stage}/*"}
    return {
        "principalId": caller,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


def _logger() -> logging.Logger:
    log = logging.getLogger("sotto.authorizer")
    log.setLevel(logging.INFO)
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.StreamHandler(sys.stdout))
    return log
