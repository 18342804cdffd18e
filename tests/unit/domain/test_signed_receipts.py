"""A receipt is believed only as it was signed, by a published key."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from sotto.domain.errors import ReceiptInvalid
from sotto.domain.receipts import Look, ObjectCount, Receipt, RowCount
from sotto.domain.signed_receipts import TYPE, checked, opened, public_jwk
from tests.fakes.receipts import KeyInMemory

NONE = ObjectCount.of([])
LOOK = Look(
    at="2026-11-22T12:00:00.000Z",
    recordings=ObjectCount.of([("uploads/o/j/talk.wav", "v1"), ("uploads/o/j/talk.wav", "v2")]),
    work=NONE,
    transcripts=NONE,
    exports=NONE,
    rows=RowCount(jobs=1),
)
RECEIPT = Receipt(job_id="J", owner="O", requested_at=LOOK.at, looks=(LOOK,), completed_at="2026-11-22T12:00:01.000Z")
KEY = KeyInMemory()
JWS = KEY.sign(RECEIPT)


def b64(content: object) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_what_was_signed_is_read() -> None:
    assert opened(JWS, KEY.keys()) == RECEIPT
    assert checked({"receipt": json.loads(RECEIPT.text), "jws": JWS}, KEY.keys()) == RECEIPT


def test_any_jose_library_can_check_it() -> None:
    public = jwt.PyJWK.from_dict(dict(KEY.keys()[0]))
    assert jwt.get_unverified_header(JWS)["kid"] == KEY.keys()[0]["kid"]
    assert jwt.decode(JWS, public, algorithms=["ES256"])["schema"] == "sotto.receipt/1"


@given(at=st.integers(0, len(JWS) - 1), character=st.sampled_from("ABCxyz019-_.="))
def test_no_character_can_be_changed(at: int, character: str) -> None:
    changed = JWS[:at] + character + JWS[at + 1 :]
    # The last character of a part carries unused bits: the same bytes are the same document.
    try:
        found = opened(changed, KEY.keys())
    except ReceiptInvalid:
        return
    assert found == RECEIPT
    assert changed == JWS or at == len(JWS) - 1


@pytest.mark.parametrize(
    "change",
    [
        lambda shown: shown.update(job_id="K"),
        lambda shown: shown.update(completed_at=None),
        lambda shown: shown["looks"][0]["recordings"].update(versions=1),
        lambda shown: shown["looks"].clear(),
        lambda shown: shown.update(note="and more"),
    ],
)
def test_what_is_shown_must_be_what_was_signed(change: Any) -> None:
    shown = json.loads(RECEIPT.text)
    change(shown)
    with pytest.raises(ReceiptInvalid, match="receipt: expected what was signed"):
        checked({"receipt": shown, "jws": JWS}, KEY.keys())


def test_another_key_is_not_believed_even_under_our_keys_id() -> None:
    other = KeyInMemory()
    with pytest.raises(ReceiptInvalid, match="another key's id"):
        opened(other.sign(RECEIPT), KEY.keys())
    forged = other.keys()[0] | {"kid": KEY.keys()[0]["kid"]}
    with pytest.raises(ReceiptInvalid, match="signature"):
        opened(JWS, [forged])


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256", "typ": "JWT"}, {}, []])
def test_the_algorithm_is_not_the_documents_to_choose(header: Any) -> None:
    if isinstance(header, dict):
        header = {"typ": TYPE, "kid": KEY.keys()[0]["kid"]} | header
    with pytest.raises(ReceiptInvalid):
        opened(f"{b64(header)}.{JWS.split('.')[1]}.{JWS.split('.')[2]}", KEY.keys())


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d", "é.é.é", "....", f"{JWS.rsplit('.', 1)[0]}.", "x" * 9000])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ReceiptInvalid):
        checked({"jws": text}, KEY.keys())


@pytest.mark.parametrize("jws", [None, 7, ["a"]])
def test_other_things_than_texts_are_refused(jws: object) -> None:
    with pytest.raises(ReceiptInvalid, match="jws"):
        checked({"jws": jws}, KEY.keys())


@pytest.mark.parametrize("wrong", [{"x": ""}, {"x": "AAAA"}, {"y": "not base64url!"}])
def test_keys_that_are_no_keys_are_named(wrong: dict[str, str]) -> None:
    with pytest.raises(ReceiptInvalid):
        opened(JWS, [KEY.keys()[0] | wrong])


def test_a_signed_text_that_is_no_receipt_is_refused() -> None:
    private = generate_private_key(SECP256R1())
    key = public_jwk(private.public_key())
    token = jwt.encode({"sub": "me"}, private, algorithm="ES256", headers={"kid": key["kid"], "typ": TYPE})
    with pytest.raises(ReceiptInvalid, match="payload"):
        opened(token, [key])


def test_the_digest_is_of_keys_and_versions_in_any_order() -> None:
    pairs = [("a", "1"), ("a", "2"), ("b", "1")]
    one, two = ObjectCount.of(pairs), ObjectCount.of(reversed(pairs))
    assert one == two
    assert (one.keys, one.versions) == (2, 3)
    assert ObjectCount.of(pairs[:2]).digest != one.digest
    assert ObjectCount(keys=0, versions=0, digest=None) == NONE
