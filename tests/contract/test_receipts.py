"""Deletions' receipts: what the workflows rely on, asked of the fakes and of DynamoDB and KMS alike."""

from __future__ import annotations

import boto3
import pytest

from sotto.adapters.dynamo_receipts import DynamoReceipts, deletion_exists
from sotto.adapters.kms_receipt_signer import KmsReceiptSigner
from sotto.domain.errors import MisconfiguredSetting, StorageUnavailable
from sotto.domain.receipts import Deletion, Look, ObjectCount, Receipt, RowCount
from sotto.domain.signed_receipts import opened
from sotto.workflows.receipt_ports import Receipts, ReceiptSigner
from tests.examples import JOB_ID, NOW, OWNER
from tests.fakes.receipts import InMemoryReceipts, KeyInMemory

SOON, LATER, LATEST = "2026-11-22T12:05:00.000Z", "2026-11-22T12:10:00.000Z", "2026-11-22T12:20:00.000Z"
EMPTY = ObjectCount.of([])
LOOK = Look(
    at=NOW,
    recordings=ObjectCount.of([("uploads/a", "1")]),
    work=EMPTY,
    transcripts=EMPTY,
    exports=EMPTY,
    rows=RowCount(jobs=1, words=7),
)
FIRST = Receipt(job_id=JOB_ID, owner=OWNER, requested_at=NOW, looks=(LOOK,))
SECOND = FIRST.with_look(LOOK)
DONE = SECOND.model_copy(update={"completed_at": SOON})


@pytest.fixture(params=["memory", "dynamodb"])
def receipts(request: pytest.FixtureRequest) -> Receipts:
    if request.param == "memory":
        return InMemoryReceipts()
    return DynamoReceipts(boto3.client("dynamodb"), request.getfixturevalue("table"), keep_days=365)


@pytest.fixture(params=["memory", "kms"])
def signer(request: pytest.FixtureRequest) -> ReceiptSigner:
    if request.param == "memory":
        return KeyInMemory()
    request.getfixturevalue("aws")
    kms = boto3.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    return KmsReceiptSigner(kms, key)


def test_what_was_noted_is_found_by_its_owner_only(receipts: Receipts) -> None:
    assert receipts.find(OWNER, JOB_ID) is None
    assert receipts.note(FIRST, before=None, due_at=SOON)
    assert receipts.find(OWNER, JOB_ID) == Deletion(FIRST)
    assert receipts.find("somebody-else", JOB_ID) is None


def test_a_process_without_a_hand_in_deletions_can_ask_for_one(table: str) -> None:
    client = boto3.client("dynamodb")
    assert not deletion_exists(client, table, OWNER, JOB_ID)
    DynamoReceipts(client, table, keep_days=365).note(FIRST, before=None, due_at=SOON)
    assert deletion_exists(client, table, OWNER, JOB_ID)


def test_a_note_follows_the_one_that_was_read(receipts: Receipts) -> None:
    receipts.note(FIRST, before=None, due_at=SOON)
    assert not receipts.note(FIRST, before=None, due_at=SOON)
    assert receipts.note(SECOND, before=FIRST, due_at=SOON)
    assert not receipts.note(SECOND, before=FIRST, due_at=SOON)
    assert receipts.find(OWNER, JOB_ID) == Deletion(SECOND)


def test_the_first_signature_stays(receipts: Receipts) -> None:
    receipts.note(FIRST, before=None, due_at=SOON)
    assert receipts.sign(DONE, "a.b.c", due_at=LATER) == Deletion(DONE, "a.b.c")
    assert receipts.sign(DONE, "d.e.f", due_at=LATER) == Deletion(DONE, "a.b.c")
    assert not receipts.note(SECOND, before=DONE, due_at=SOON)
    assert receipts.find(OWNER, JOB_ID) == Deletion(DONE, "a.b.c")


def test_what_is_due_is_found_until_nobody_need_look_again(receipts: Receipts) -> None:
    receipts.note(FIRST, before=None, due_at=LATER)
    assert receipts.due(SOON, limit=10) == []
    assert receipts.due(LATER, limit=10) == [Deletion(FIRST)]
    receipts.sign(DONE, "a.b.c", due_at=LATEST)
    assert receipts.due(LATER, limit=10) == []
    assert receipts.due(LATEST, limit=10) == [Deletion(DONE, "a.b.c")]
    receipts.postpone(DONE, SOON)
    assert receipts.due(SOON, limit=10) == [Deletion(DONE, "a.b.c")]
    receipts.postpone(DONE, None)
    assert receipts.due("2999", limit=10) == []
    assert receipts.find(OWNER, JOB_ID) == Deletion(DONE, "a.b.c")


def test_a_receipt_is_signed_by_the_published_key(signer: ReceiptSigner) -> None:
    (key,) = signer.keys()
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert opened(signer.sign(DONE), signer.keys()) == DONE


def test_a_receipt_row_outlives_its_job_by_the_audit_logs_days_and_holds_no_name(table: str) -> None:
    client = boto3.client("dynamodb")
    DynamoReceipts(client, table, keep_days=10).note(FIRST, before=None, due_at=SOON)
    (row,) = client.scan(TableName=table)["Items"]
    assert row["sk"] == {"S": f"RECEIPT#{JOB_ID}"}
    assert row["expires_at"] == {"N": "1796212800"}  # 2026-12-02T12:00:00Z
    assert "talk" not in str(row)


def test_another_kind_of_key_is_refused_with_the_settings_name(aws: None) -> None:
    kms = boto3.client("kms")
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    with pytest.raises(MisconfiguredSetting, match="SOTTO_RECEIPT_KEY"):
        KmsReceiptSigner(kms, key).keys()
    with pytest.raises(StorageUnavailable, match="receipt key"):
        KmsReceiptSigner(kms, "no-such-key").keys()
