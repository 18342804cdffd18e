"""A part to transcribe, in whatever envelope it comes: one place that knows the envelopes.

    type                                     who sends it                                    data
    sotto.part.queued                        our own event source (laptop, ECS, Kubernetes)  the part
    dev.knative.eventing.aws-sqs             Knative's IntegrationSource                     the SQS message's body
    dev.knative.eventing.aws.sqs,            the same source in older releases               the SQS message's body
    dev.knative.connector.event.aws-sqs

The body of our SQS messages is the part's JSON, so in the end the data is the same. It may be parsed already or still
be text or bytes, depending on the content type that the sender wrote and on the CloudEvents mode (binary, structured).
Knative's source: https://github.com/knative-extensions/eventing-integrations/tree/main/aws-sqs-source
"""

from __future__ import annotations

from pydantic import ValidationError

from sotto.domain.errors import InvalidInput
from sotto.domain.events import PART_QUEUED, PartQueued

KNATIVE_SQS = frozenset(
    {"dev.knative.eventing.aws-sqs", "dev.knative.eventing.aws.sqs", "dev.knative.connector.event.aws-sqs"}
)
ACCEPTED = KNATIVE_SQS | {PART_QUEUED}


def part_of_event(event_type: str, data: object) -> PartQueued:
    """The part that a CloudEvent of `event_type` carries in `data`. Raises InvalidInput."""
    if event_type not in ACCEPTED:
        raise InvalidInput("type", expected=f"{PART_QUEUED} or an aws-sqs event of Knative", found=event_type)
    return part_of_message(data)


def part_of_message(data: object) -> PartQueued:
    """The part in an SQS message's body or in an event's data: text, bytes or parsed JSON. Raises InvalidInput."""
    try:
        if isinstance(data, (str, bytes)):
            return PartQueued.model_validate_json(data)
        return PartQueued.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "data"
        # What was found is not repeated: it may hold a recording's name.
        raise InvalidInput(where, expected="the message of a queued part", found=first["type"]) from error
