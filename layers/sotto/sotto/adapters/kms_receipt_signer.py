"""Receipts signed by an asymmetric KMS key, whose private half never leaves KMS.

It is another key than the one that signs access tokens: what may sign a receipt cannot make a token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sotto.adapters.aws_errors import translated
from sotto.domain.errors import MisconfiguredSetting, StorageUnavailable
from sotto.domain.receipts import Receipt
from sotto.domain.signed_receipts import public_jwk, sealed, signing_input

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsReceiptSigner:
    """Implements workflows.receipt_ports.ReceiptSigner. Asks for the public key once a process."""

    def __init__(self, client: KMSClient, key_id: str) -> None:
        self._client, self._key_id = client, key_id
        self._public: dict[str, str] | None = None

    def sign(self, receipt: Receipt) -> str:
        signed = signing_input(receipt, self._jwk()["kid"])
        with translated(StorageUnavailable, "receipt key"):
            answer = self._client.sign(
                KeyId=self._key_id, Message=signed, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
            )
        return sealed(signed, answer["Signature"])

    def keys(self) -> Sequence[Mapping[str, Any]]:
        return [self._jwk()]

    def _jwk(self) -> dict[str, str]:
        if self._public is None:
            with translated(StorageUnavailable, "receipt key"):
                answer = self._client.get_public_key(KeyId=self._key_id)
            key = load_der_public_key(answer["PublicKey"])
            if not isinstance(key, EllipticCurvePublicKey):
                raise MisconfiguredSetting(
                    "SOTTO_RECEIPT_KEY",
                    expected="an ECC_NIST_P256 key for SIGN_VERIFY",
                    found=str(answer.get("KeySpec")),
                    fix="name the key that template.yaml makes, or one like it",
                )
            self._public = public_jwk(key)
        return self._public
