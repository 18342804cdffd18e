"""The HTTP door of the container: a CloudEvent in, a status out.

    200  the part is done, or was nobody's any more        the sender deletes the message
    4xx  Rejected: trying again changes nothing            the sender moves the message to the dead-letter queue
    503  Unavailable: the same event may succeed later     the sender waits for Retry-After and more
    500  everything else, without a word of the exception  the sender retries

`GET /livez` answers while the process lives; `GET /readyz` says which model is loaded, with its hash.

functions-framework runs this file inside its Flask application's context, which is how the probes and the error
handlers get in: `functions-framework --target transcribe --source functions/transcribe/main.py`.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from http import HTTPStatus

import functions_framework
from cloudevents.exceptions import GenericException
from cloudevents.http import CloudEvent
from flask import Flask, Response, current_app, g, has_app_context, jsonify, request
from werkzeug.exceptions import HTTPException

from sotto.domain.errors import InvalidInput, NotFound, SottoError
from sotto.entry import wiring
from sotto.entry.http import PROBLEM, problem
from sotto.entry.part_events import part_of_event
from sotto.entry.telemetry import make_logger

logger = make_logger("transcribe")


@functions_framework.cloud_event
def transcribe(event: CloudEvent) -> None:
    """Transcribe the part that `event` carries."""
    part = part_of_event(event["type"], event.data)
    g.request_id = part.request_id
    wiring.part_worker()(part)


def livez() -> Response:
    """The process answers."""
    return Response(status=HTTPStatus.NO_CONTENT)


def readyz() -> Response:
    """200 with the model and its hash; 503 while it is being loaded, and with the reason when that failed."""
    state = wiring.part_worker().readiness
    if state.model is not None:
        return jsonify(ready=True, **state.model.model_dump())
    answer = jsonify(ready=False, **(asdict(state.failure) if state.failure else {"message": "loading the model"}))
    answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return answer


def known_error(error: SottoError) -> Response:
    """One of our errors: its words are written for callers."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("part failed", code=error.code, reason=error.message, correlation_id=_request_id())
    else:
        logger.info("part rejected", code=error.code, reason=error.message, correlation_id=_request_id())
    answer = problem(error, _request_id())
    return Response(answer.body, status=answer.status_code, headers=answer.headers, content_type=PROBLEM)


def not_an_event(error: GenericException) -> Response:
    """The envelope itself is broken. The framework's own words would repeat headers and body."""
    return known_error(InvalidInput("event", expected="a CloudEvent 1.0", found=type(error).__name__))


def refused_by_framework(error: HTTPException) -> Response:
    """An unknown path or method (404, 405), or a request without an event's headers (400, 415)."""
    if error.code in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return known_error(NotFound(f"route: expected POST / with a CloudEvent, found {request.method} {request.path}"))
    return known_error(InvalidInput("event", expected="a CloudEvent 1.0", found="a request without its headers"))


def unknown_error(error: Exception) -> Response:
    """A mistake of ours. Its text goes to the log, never to the caller."""
    logger.error("unexpected error", exc_info=error, correlation_id=_request_id())
    return known_error(SottoError("Something went wrong on the server."))


def prepare(app: Flask) -> None:
    """Give the framework's application the probes and the error handlers."""
    app.add_url_rule("/livez", view_func=livez, methods=["GET"])
    app.add_url_rule("/readyz", view_func=readyz, methods=["GET"])
    app.register_error_handler(SottoError, known_error)
    app.register_error_handler(GenericException, not_an_event)
    app.register_error_handler(HTTPException, refused_by_framework)
    app.register_error_handler(Exception, unknown_error)


def _request_id() -> str:
    return str(g.get("request_id") or request.headers.get("ce-id") or "unknown")


if has_app_context():
    prepare(current_app)
    # The application is built before gunicorn forks its worker, and an engine's threads do not survive a fork. So the
    # model is loaded in the worker, at once, beside the server that already answers the probes.
    os.register_at_fork(after_in_child=lambda: wiring.part_worker().warm_up_in_background())
