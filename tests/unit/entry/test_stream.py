"""Audit rows at the outbox's door: taken from the record, reported when not kept, copied again by hand."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from sotto.adapters.audit_rows import audit_row
from sotto.adapters.dynamo_rows import to_row
from sotto.domain.audit import Action, AuditEntry, Outcome
from sotto.domain.errors import InvalidInput, MisconfiguredSetting, StorageUnavailable
from sotto.entry.stream import OutboxDoor
from sotto.entry.telemetry import make_logger
from sotto.workflows.copy_audit import PAGE, CopyAudit
from tests.fakes.identity import FakeAudit, FakeAuditCopies
from tests.unit.workflows.test_webhooks import World

ENTRY = AuditEntry(
    "01A", "2026-11-22T12:00:00.000Z", "01ADA", "token", Action.SIGN_IN, "01ADA", Outcome.DONE, "192.0.2.1", "r1"
)


def record(entry: AuditEntry, number: str, **changes: Any) -> dict[str, Any]:
    row = audit_row(entry, 365)
    image = {**to_row(row), **changes}
    keys = {name: image[name] for name in ("pk", "sk")}
    return {"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": image, "SequenceNumber": number}}


class Door:
    def __init__(self) -> None:
        world = World()
        self.log, self.copies = FakeAudit(), FakeAuditCopies()
        self.without = OutboxDoor(world.outbox, world.deliveries, world.deliver, world.clock, make_logger("notify"))
        self.door = replace(self.without, copy_audit=CopyAudit(self.log, self.copies))


@pytest.fixture
def at() -> Door:
    return Door()


def test_an_entry_is_copied_as_the_record_has_it_however_often_it_comes(at: Door) -> None:
    event = {"Records": [record(ENTRY, "1"), record(ENTRY, "1"), record(replace(ENTRY, id="01B"), "2")]}
    assert at.door(event, None) == {"batchItemFailures": []}
    assert set(at.copies.kept.values()) == {ENTRY, replace(ENTRY, id="01B")}


def test_what_is_not_kept_comes_again(at: Door) -> None:
    at.copies.failure = StorageUnavailable("audit bucket: expected an answer, found SlowDown")
    answer = at.door({"Records": [record(ENTRY, "7")]}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "7"}]}


def test_a_row_of_another_form_takes_no_other_with_it(at: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    strange = record(replace(ENTRY, id="01B"), "2", action={"S": "unheard of"})
    answer = at.door({"Records": [record(ENTRY, "1"), strange]}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert list(at.copies.kept.values()) == [ENTRY]


def test_where_no_copy_is_kept_audit_rows_are_nobodys(at: Door) -> None:
    assert at.without({"Records": [record(ENTRY, "1")]}, None) == {"batchItemFailures": []}
    with pytest.raises(MisconfiguredSetting, match="SOTTO_AUDIT_BUCKET: expected a bucket"):
        at.without({"copy_audit_of": "2026-11-22"}, None)


def test_a_day_is_copied_again_by_hand_and_changes_nothing_that_is_there(at: Door) -> None:
    written = [replace(ENTRY, id=f"01A{number:04d}") for number in range(PAGE + 5)]
    at.copies.keep(written[0])
    for entry in [replace(written[0], who="somebody else"), *written[1:]]:
        at.log.append(entry)
    at.log.append(replace(ENTRY, at="2026-11-23T00:00:00.000Z"))
    assert at.door({"copy_audit_of": "2026-11-22"}, None) == {"copied": PAGE + 4, "copied_before": 1}
    assert at.copies.kept["2026-11-22", "01A0000"] == written[0]


@pytest.mark.parametrize("day", ["yesterday", "", None, 7])
def test_a_day_that_is_none_is_refused(at: Door, day: object) -> None:
    with pytest.raises(InvalidInput, match="copy_audit_of: expected a day"):
        at.door({"copy_audit_of": day}, None)
