"""What GET /readyz asks. Settings are read when it is called, so that a wrong one leaves /livez alone.

Those of sign-in are read by the check that is named after them: what is missing is told by name, not as "settings".
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache, partial

from aws_lambda_powertools import Logger

from sotto.adapters.aws_probes import ask_bucket, ask_queues, ask_secret, ask_table
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.domain.errors import SottoError, StorageUnavailable
from sotto.entry import aws
from sotto.entry.settings import BootstrapSettings, PathSettings, Settings, SigningSettings, TokenSettings
from sotto.workflows.check_readiness import Check, CheckReadiness

REMEMBERED_S = 5


@cache
def check_readiness(logger: Logger) -> CheckReadiness:
    def note(name: str, error: Exception) -> None:
        said = error.message if isinstance(error, SottoError) else "unexpected"
        logger.error("not ready", check=name, exception_name=type(error).__name__, said=said)

    return CheckReadiness(_checks, note, time.monotonic, remembered_s=REMEMBERED_S)


def stage() -> str:
    return Settings.from_environment().stage


def _checks() -> Mapping[str, Check]:
    settings, clients = PathSettings.from_environment(), aws.probing()
    queues = [settings.arrived_queue_url, settings.fast_queue_url, settings.bulk_queue_url]
    return {
        "table": partial(ask_table, clients.dynamodb, settings.table),
        "bucket": partial(ask_bucket, clients.s3, settings.bucket),
        "queues": partial(ask_queues, clients.sqs, queues),
        "signing_secret": lambda: ask_secret(clients.secretsmanager, SigningSettings.from_environment().signing_secret),
        "bootstrap_secret": partial(_ask_bootstrap, clients, settings.table),
        "token_issuer": TokenSettings.from_environment,
    }


def _ask_bootstrap(clients: aws.Probing, table: str) -> None:
    """The secret opens the service once: after that its operator may delete it."""
    secret = BootstrapSettings.from_environment().bootstrap_secret
    try:
        ask_secret(clients.secretsmanager, secret)
    except StorageUnavailable:
        if not DynamoUsers(clients.dynamodb, table).bootstrapped():
            raise
