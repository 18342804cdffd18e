"""The service's life signs, and what it is: nobody is asked for a token, and nobody learns much."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from sotto import __version__
from sotto.entry import ops_wiring
from sotto.entry.http import Api, answer
from sotto.entry.ops_shapes import DeployedAnswer, LiveAnswer, ReadyAnswer
from sotto.entry.telemetry import make_logger

logger = make_logger("ops")
api = Api(logger)
handler = api.handler


@api.routes.get("/livez")
def livez() -> Response[str]:
    """A function answers."""
    return answer(LiveAnswer())


@api.routes.get("/readyz")
def readyz() -> Response[str]:
    """What the service needs is there: 200, or 503 with the names of what is not. The log says why."""
    found = ReadyAnswer.of(ops_wiring.check_readiness(logger)())
    ready = found.status == "ready"
    return answer(
        found,
        status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
        headers={} if ready else {"Retry-After": str(ops_wiring.REMEMBERED_S)},
    )


@api.routes.get("/version")
def version() -> Response[str]:
    """What is deployed here."""
    return answer(DeployedAnswer(version=__version__, stage=ops_wiring.stage()))


@api.routes.get("/openapi.json")
def openapi() -> Response[str]:
    """This document."""
    from sotto.entry.openapi.document import text  # it knows every door's shapes, which a life sign should not load

    return api.tagged(Response(200, "application/json", text()), cache_control="public, max-age=300")
