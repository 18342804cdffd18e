"""The signing keys as Secrets Manager keeps them: {"seed": hex, "next": hex?, "retired": [{"x", "until"}]}.

CloudFormation makes the first seed itself (64 random hex digits are an Ed25519 seed), so no deploy step handles a key.
A process keeps the secret for CACHE_S; after a rotation, old keys verify for longer than that (rotate_keys.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sotto.adapters.aws_errors import translated
from sotto.domain.errors import MisconfiguredSetting, StorageUnavailable
from sotto.domain.signing_keys import SigningKeys

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_S = 60.0
"""Also how long people must wait at most to sign in after a leaked key was replaced."""


class SecretsKeyring:
    """Implements workflows.identity_ports.Keyring."""

    def __init__(
        self, client: SecretsManagerClient, secret_id: str, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._secret_id, self._monotonic = client, secret_id, monotonic
        self._cached: tuple[float, SigningKeys] | None = None

    def read(self) -> SigningKeys:
        """The keys, at most CACHE_S old."""
        if self._cached is None or self._monotonic() - self._cached[0] > CACHE_S:
            self._cached = (self._monotonic(), self.read_now())
        return self._cached[1]

    def read_now(self) -> SigningKeys:
        with translated(StorageUnavailable, "signing secret"):
            text = self._client.get_secret_value(SecretId=self._secret_id)["SecretString"]
        try:
            data = json.loads(text)
            retired = tuple((str(key["x"]), int(key["until"])) for key in data.get("retired", []))
            return SigningKeys(str(data["seed"]), data.get("next"), retired)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise MisconfiguredSetting(
                "SOTTO_SIGNING_SECRET",
                expected='a secret that holds JSON {"seed": 64 hex digits, "retired": []}',
                found="another form",
                fix="delete the secret and deploy again; everybody signs in anew",
            ) from None

    def write(self, keys: SigningKeys) -> None:
        data = {
            "seed": keys.seed,
            **({"next": keys.next_seed} if keys.next_seed else {}),
            "retired": [{"x": x, "until": until} for x, until in keys.retired],
        }
        with translated(StorageUnavailable, "signing secret"):
            self._client.put_secret_value(SecretId=self._secret_id, SecretString=json.dumps(data))
        self._cached = None
