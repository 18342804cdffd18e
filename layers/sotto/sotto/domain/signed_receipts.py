"""Receipts as JWS (RFC 7515, compact, ES256): any JOSE library can check one with the published key, offline.

The algorithm is fixed here, never taken from the document. Pure computation: the private key stays in KMS.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import ValidationError

from sotto.domain.errors import ReceiptInvalid
from sotto.domain.receipts import Receipt

MAX_JWS_CHARS = 8192
"""KMS signs at most 4096 bytes, and the signature is 86 characters: a longer text is none of ours."""
TYPE = "sotto-receipt+jwt"
_NUMBER_BYTES = 32  # of a P-256 signature's r and s, and of a point's x and y


def signing_input(receipt: Receipt, key_id: str) -> bytes:
    """The bytes to sign: header and payload, each in base64url."""
    header = json.dumps({"alg": "ES256", "kid": key_id, "typ": TYPE}, separators=(",", ":"))
    return f"{_encoded(header.encode())}.{_encoded(receipt.text.encode())}".encode()


def sealed(signed: bytes, der_signature: bytes) -> str:
    """The JWS of what `signing_input` gave and its signature in DER, as KMS answers it."""
    r, s = decode_dss_signature(der_signature)
    return f"{signed.decode()}.{_encoded(r.to_bytes(_NUMBER_BYTES, 'big') + s.to_bytes(_NUMBER_BYTES, 'big'))}"


def opened(jws: str, keys: Iterable[Mapping[str, Any]]) -> Receipt:
    """The receipt that `jws` holds, signed by one of `keys` (JWKs). Raises ReceiptInvalid, which says what is wrong."""
    pieces = jws.split(".")
    if len(pieces) != 3:
        raise ReceiptInvalid(f"jws: expected three parts with dots between them, found {len(pieces)}")
    header, payload, signature = map(_decoded, pieces)
    found = _object(header)
    if (found.get("alg"), found.get("typ")) != ("ES256", TYPE):
        raise ReceiptInvalid(f"jws: expected an ES256 signature of a {TYPE}, found another")
    key = next((one for one in keys if one.get("kid") == found.get("kid")), None)
    if key is None:
        raise ReceiptInvalid("jws: expected one of this service's keys, found another key's id")
    numbers = (int.from_bytes(signature[:_NUMBER_BYTES], "big"), int.from_bytes(signature[_NUMBER_BYTES:], "big"))
    if len(signature) != 2 * _NUMBER_BYTES or not _verifies(key, numbers, f"{pieces[0]}.{pieces[1]}".encode()):
        raise ReceiptInvalid("signature: expected one of this receipt by the named key, found another")
    try:
        return Receipt.model_validate_json(payload)
    except ValidationError:
        raise ReceiptInvalid("payload: expected a receipt, found something else") from None


def checked(document: Mapping[str, Any], keys: Iterable[Mapping[str, Any]]) -> Receipt:
    """The receipt that a deletion's answer `{"receipt": ..., "jws": ...}` vouches for; `receipt` may be left out.

    Raises ReceiptInvalid when the signature is not good, or when `receipt` says anything else than what was signed.
    """
    jws = document.get("jws")
    if not isinstance(jws, str) or len(jws) > MAX_JWS_CHARS:
        raise ReceiptInvalid(f"jws: expected a text of at most {MAX_JWS_CHARS} characters, found something else")
    receipt = opened(jws, keys)
    shown = document.get("receipt")
    if shown is not None and shown != json.loads(receipt.text):
        raise ReceiptInvalid("receipt: expected what was signed, found something that differs from it")
    return receipt


def public_jwk(key: EllipticCurvePublicKey) -> dict[str, str]:
    """A P-256 key as it is published. `kid` is its RFC 7638 thumbprint: who has the key can compute it."""
    numbers = key.public_numbers()
    point = {
        "crv": "P-256",
        "kty": "EC",
        "x": _encoded(numbers.x.to_bytes(_NUMBER_BYTES, "big")),
        "y": _encoded(numbers.y.to_bytes(_NUMBER_BYTES, "big")),
    }
    canonical = json.dumps(point, separators=(",", ":"), sort_keys=True)
    return {**point, "use": "sig", "alg": "ES256", "kid": _encoded(hashlib.sha256(canonical.encode()).digest())}


def _verifies(key: Mapping[str, Any], numbers: tuple[int, int], signed: bytes) -> bool:
    try:
        x, y = (int.from_bytes(_decoded(str(key[name])), "big") for name in ("x", "y"))
        public = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    except (KeyError, ValueError):
        raise ReceiptInvalid("keys: expected P-256 keys as JWKs, found another form") from None
    try:
        public.verify(encode_dss_signature(*numbers), signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ReceiptInvalid("jws: expected a JSON header, found something else")
    return found


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise ReceiptInvalid("jws: expected base64url, found something else") from None
