"""Mail those who want it how their job ended."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sotto.domain.errors import NotFound
from sotto.domain.identity import User
from sotto.domain.job import JobStatus
from sotto.domain.mail import job_ended_mail
from sotto.domain.outbox import EVENT_OF, OutboxEvent
from sotto.domain.webhooks import Delivery
from sotto.workflows.identity_ports import Mailer, Users

MAILED = frozenset({EVENT_OF[JobStatus.COMPLETED], EVENT_OF[JobStatus.FAILED]})
"""Who cancels a job or never uploads knows of it."""


@dataclass(frozen=True)
class MailJobEnds:
    """Implements workflows.webhook_ports.Channel."""

    users: Users
    mailer: Mailer
    web_url: str

    def wants(self, event: OutboxEvent) -> bool:
        return event.type in MAILED and self._reader(event.owner) is not None

    def send(self, delivery: Delivery) -> None:
        """The account is read again: the wish or the address may have changed since."""
        user = self._reader(delivery.owner)
        if user is None:
            raise NotFound("mail: expected an account that wants it, found none")
        self.mailer.send(job_ended_mail(user.email, self.web_url, json.loads(delivery.body)["data"]["job"]))

    def _reader(self, owner: str) -> User | None:
        user = self.users.by_id(owner)
        return user if user is not None and user.job_mails and not user.disabled else None
