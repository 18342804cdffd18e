"""The HTTP edge of the API functions: routes, problem details, scopes and request ids, in one place.

A handler file parses, makes one call and returns a model; everything that all routes share is here. No exception
text reaches a caller, except our own errors' messages, which are written for callers.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from pydantic import BaseModel, ValidationError

from sotto.domain.access import PUBLIC, require_scope
from sotto.domain.audit import Origin
from sotto.domain.errors import InvalidInput, LimitReached, NotFound, SottoError, TooLarge, Unavailable
from sotto.domain.idempotency import Once, once_of
from sotto.domain.identity import Principal
from sotto.entry.etags import names, tag_of
from sotto.entry.origin import origin_of
from sotto.entry.principal import principal_from_event
from sotto.workflows.moments import iso

PROBLEM = "application/problem+json"
MAX_BODY_BYTES = 256 * 1024
ASK_EACH_TIME = "private, no-cache"
"""Cache-Control of what has an entity tag: the caller's own cache may keep it, and asks whether it is still so."""
_SECRET_FIELDS = frozenset(
    {
        "password",
        "one_time_password",
        "old_password",
        "new_password",
        "refresh_token",
        "token",
        "invitation",
        "secret",
    }
)
Body = TypeVar("Body", bound=BaseModel)
_UNKNOWN = SottoError("Something went wrong on the server.")


class Problem(BaseModel):
    """Problem details (RFC 9457). `code` is stable, `detail` says what was expected and found, `hint` what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    request_id: str

    @classmethod
    def of(cls, error: SottoError, request: str) -> Problem:
        return cls(
            type=f"urn:sotto:error:{error.code}",
            title=error.title,
            status=error.status,
            detail=error.message,
            code=error.code,
            hint=error.hint,
            request_id=request,
        )


class Api:
    """The routes of one function. `handler` is what Lambda calls."""

    def __init__(
        self,
        logger: Logger,
        admit: Callable[[Principal], None] = lambda _: None,
        refuse: Callable[[SottoError, str], Response[str]] | None = None,
    ) -> None:
        """`admit` raises LimitReached for a caller who asks too often (entry/admission.py); `refuse` gives an error
        and a request id the shape of an answer, problem details unless another one is named."""
        self.logger = logger
        self._admit = admit
        self._refuse = refuse or problem
        self.routes = APIGatewayRestResolver(strip_prefixes=["/v1"])
        self.routes.exception_handler(SottoError)(self._known_error)
        self.routes.exception_handler(Exception)(self._unknown_error)
        self.routes.not_found(self._no_route)
        self._read_query = False

    def handler(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        self.logger.set_correlation_id(request_id(event))
        try:
            answer = self._resolve(event, context)
        except Exception as error:
            self.logger.exception("unexpected error", exception_name=type(error).__name__)
            answer = _as_dict(self._refuse(_UNKNOWN, request_id(event)))
        self.logger.info(
            "answered",
            method=event.get("httpMethod"),
            route=event.get("resource"),
            status=answer.get("statusCode"),
        )
        return answer

    def _resolve(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """The route's answer, or a refusal of query parameters that nobody reads: a misspelt one must not pass.

        Only GET reads any, and changes nothing, so there it can be seen afterwards whether the route did.
        """
        sent = event.get("queryStringParameters") or {}
        self._read_query = False
        if not sent or event.get("httpMethod") == "GET":
            answer = self.routes.resolve(event, context)
            if not sent or self._read_query or int(answer["statusCode"]) >= HTTPStatus.BAD_REQUEST:
                return answer
        name = min(sent)
        error = InvalidInput(_short(name), expected="no such query parameter on this route", found=_short(sent[name]))
        return _as_dict(self._refuse(error, request_id(event)))

    @property
    def request_id(self) -> str:
        return request_id(self.routes.current_event.raw_event)

    def principal(self) -> Principal:
        """The caller, who holds the scope that this route demands. Raises Unauthenticated or Forbidden."""
        event = self.routes.current_event.raw_event
        principal = principal_from_event(event)
        method, resource = event["httpMethod"], event["resource"]
        if (method, resource) not in PUBLIC:
            require_scope(principal, method, resource)
        self._admit(principal)
        return principal

    def origin(self, trusted_proxies: int = 0) -> Origin:
        """Where the request came from."""
        return origin_of(self.routes.current_event.raw_event, trusted_proxies)

    def body(self, model: type[Body]) -> Body:
        """The request's JSON body as `model`. Raises InvalidInput, which names the field."""
        return parse_json(model, self.raw_body())

    def raw_body(self) -> bytes:
        """The request's body as it was sent. The gateway passes the binary media types of template.yaml as base64."""
        return _raw_body(self.routes.current_event.raw_event)

    def header(self, name: str) -> str:
        """The request's header, empty when it was not sent."""
        return str(self.routes.current_event.headers.get(name) or "")

    def knows(self, tag: str) -> bool:
        """Whether the caller has what `tag` stands for: its If-None-Match names it."""
        return names(self.header("If-None-Match"), tag)

    def tagged(self, response: Response[str], cache_control: str = ASK_EACH_TIME) -> Response[str]:
        """`response` with an ETag of its bytes, or 304 for a caller who has them already."""
        tag = tag_of(str(response.body))
        if self.knows(tag):
            return not_modified(tag, cache_control)
        response.headers.update({"ETag": tag, "Cache-Control": cache_control})
        return response

    def once(self, asked: BaseModel) -> Once | None:
        """What the request's Idempotency-Key stands for when its body says `asked`; None without a key."""
        key = self.header("Idempotency-Key")
        if not key:
            return None
        event = self.routes.current_event
        route = f"{event.http_method} {event.path}"
        return once_of(key, route=route, body=asked.model_dump_json(), at=iso(datetime.now(UTC)))

    def query(self, model: type[Body]) -> Body:
        """The query string as `model`. Raises InvalidInput, which names the parameter."""
        self._read_query = True
        return validate(model, dict(self.routes.current_event.query_string_parameters or {}))

    def _known_error(self, error: SottoError) -> Response[str]:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.logger.error("failed", code=error.code, exception_name=type(error).__name__)
        return self._refuse(error, self.request_id)

    def _unknown_error(self, error: Exception) -> Response[str]:
        self.logger.error("unexpected error", exc_info=error, exception_name=type(error).__name__)
        return self._refuse(_UNKNOWN, self.request_id)

    def _no_route(self, error: NotFoundError) -> Response[str]:
        del error
        event = self.routes.current_event
        return self._refuse(
            NotFound(f"route: expected a documented one, found {event.http_method} {event.path}"), self.request_id
        )


def request_id(event: dict[str, Any]) -> str:
    return str((event.get("requestContext") or {}).get("requestId") or "unknown")


def _as_dict(response: Response[str]) -> dict[str, Any]:
    headers = {"Content-Type": response.content_type, **response.headers}
    return {"statusCode": response.status_code, "headers": headers, "body": response.body}


def problem(error: SottoError, request: str) -> Response[str]:
    """`error` as RFC 9457 problem details."""
    headers = {"X-Request-Id": request, "Cache-Control": "no-store"}
    if isinstance(error, (LimitReached, Unavailable)):
        headers["Retry-After"] = str(error.retry_after_s)
    body = Problem.of(error, request).model_dump_json()
    return Response(status_code=error.status, content_type=PROBLEM, body=body, headers=headers)


def answer(model: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
    """`model` as a JSON answer that no cache keeps."""
    return Response(
        status_code=status,
        content_type="application/json",
        body=model.model_dump_json(by_alias=True),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def see_other(url: str) -> Response[str]:
    """The answer lies at `url`, which is signed and lives a few minutes."""
    return Response(status_code=HTTPStatus.SEE_OTHER, body="", headers={"Location": url, "Cache-Control": "no-store"})


def no_content() -> Response[str]:
    return Response(status_code=HTTPStatus.NO_CONTENT, body="", headers={"Cache-Control": "no-store"})


def not_modified(tag: str, cache_control: str = ASK_EACH_TIME) -> Response[str]:
    """The caller has what `tag` stands for."""
    return Response(status_code=HTTPStatus.NOT_MODIFIED, body="", headers={"ETag": tag, "Cache-Control": cache_control})


def parse_json(model: type[Body], raw: bytes) -> Body:
    """`raw` JSON as `model`. Raises InvalidInput (which field, what was expected and found) or TooLarge."""
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(f"body: expected at most {MAX_BODY_BYTES} bytes, found {len(raw)}")
    try:
        data = json.loads(raw or b"null", parse_float=_number)
    except ValueError:
        raise InvalidInput("body", expected="JSON", found=f"{len(raw)} bytes that are not JSON") from None
    if not isinstance(data, dict):
        raise InvalidInput("body", expected="a JSON object", found=type(data).__name__)
    try:
        # Strict, so that 0 is no false and "1" is no number: what the OpenAPI document forbids is refused.
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise _invalid(error) from None


def validate(model: type[Body], data: dict[str, Any]) -> Body:
    """`data` as `model`. Raises InvalidInput, which names the field and hides secrets."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _invalid(error) from None


def _number(digits: str) -> float:
    """2.0 is a whole number in JSON Schema, and so in the OpenAPI document."""
    number = float(digits)
    return int(number) if number.is_integer() else number


def _invalid(error: ValidationError) -> InvalidInput:
    """What the first of its errors says, without a secret or a whole body."""
    first = error.errors(include_url=False, include_context=False)[0]
    key = ".".join(str(step) for step in first["loc"]) or "body"
    secret = bool(_SECRET_FIELDS.intersection(map(str, first["loc"])))
    hide = secret or not first["loc"] or isinstance(first["input"], dict)
    found = "nothing" if first["type"] == "missing" else "a value that is not shown" if hide else _short(first["input"])
    return InvalidInput(key, expected=first["msg"], found=found)


def _short(value: Any) -> Any:
    return value[:60] + "..." if isinstance(value, str) and len(value) > 60 else value


def _raw_body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        raise InvalidInput("body", expected="base64 from the gateway", found="something else") from None
