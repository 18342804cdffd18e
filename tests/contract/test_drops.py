"""Dropped recordings and the names of their answers: asked of the fakes, of S3 and of DynamoDB alike."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest

from sotto.adapters.dynamo_drop_names import DynamoDropNames
from sotto.adapters.s3_drops import S3Drops
from sotto.adapters.s3_objects import S3Objects
from sotto.domain.errors import RecordingReplaced
from tests.contract.conftest import BUCKET
from tests.fakes.clock import Clock
from tests.fakes.drops import InMemoryDropNames, InMemoryDrops
from tests.fakes.objects import InMemoryObjects

KEY = "dropbox/owner/Café + 1/talk 🎤.wav"


@pytest.fixture(params=["memory", "s3"])
def room(request: pytest.FixtureRequest):
    """(objects, drops) over one bucket."""
    if request.param == "memory":
        objects = InMemoryObjects()
        return objects, InMemoryDrops(objects)
    bucket = request.getfixturevalue("bucket")
    return S3Objects(boto3.client("s3"), bucket), S3Drops(boto3.client("s3"), bucket)


def test_each_version_is_found_and_copied_as_it_was(room) -> None:
    objects, drops = room
    objects.write(KEY, b"one", content_type="audio/wav")
    first = objects.head(KEY)
    objects.write(KEY, b"three", content_type="audio/wav")
    assert drops.find(KEY, "").recording.size_bytes == 5
    found = drops.find(KEY, first.version_id)
    assert (found.recording.size_bytes, found.recording.version_id) == (3, first.version_id)
    assert found.dropped_at.utcoffset().total_seconds() == 0
    drops.copy(found.recording, "uploads/owner/job/talk 🎤.wav", content_type="audio/wav")
    assert objects.read("uploads/owner/job/talk 🎤.wav") == b"one"


def test_what_is_gone_is_none_and_cannot_be_copied(room) -> None:
    objects, drops = room
    assert drops.find(KEY, "") is None
    objects.write(KEY, b"one", content_type="audio/wav")
    there = objects.head(KEY)
    objects.delete_prefix(KEY)
    assert drops.find(KEY, there.version_id) is None
    with pytest.raises(RecordingReplaced):
        drops.copy(there, "uploads/owner/job/talk.wav", content_type="audio/wav")


def test_an_answer_is_taken_back_twice(room) -> None:
    objects, drops = room
    objects.write("dropbox/owner/talk.error.txt", b"code: ...", content_type="text/plain")
    drops.remove("dropbox/owner/talk.error.txt")
    drops.remove("dropbox/owner/talk.error.txt")
    assert objects.head("dropbox/owner/talk.error.txt") is None


def test_s3_says_which_tags_a_version_has(bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"one", Tagging="sotto%3Amodel=base&team=a")
    found = S3Drops(boto3.client("s3"), bucket).find(KEY, "")
    assert found is not None
    assert found.tags == {"sotto:model": "base", "team": "a"}


def test_s3_forgets_the_tags_in_a_copy(bucket: str) -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"one", Tagging="sotto%3Amodel=base")
    drops = S3Drops(s3, bucket)
    found = drops.find(KEY, "")
    assert found is not None
    drops.copy(found.recording, "uploads/owner/job/talk.wav", content_type="audio/wav")
    copied = drops.find("uploads/owner/job/talk.wav", "")
    assert copied is not None
    assert copied.tags == {}
    with pytest.raises(RecordingReplaced):
        drops.copy(replace(found.recording, key="dropbox/owner/other"), "uploads/x", content_type="audio/wav")


@pytest.fixture(params=["memory", "dynamo"])
def names(request: pytest.FixtureRequest):
    if request.param == "memory":
        return InMemoryDropNames()
    return DynamoDropNames(boto3.client("dynamodb"), request.getfixturevalue("table"), Clock(), keep_days=30)


def test_a_stem_belongs_to_whom_came_first(names) -> None:
    assert names.claim("ada", "talks/talk", "talk.mp3")
    assert not names.claim("ada", "talks/talk", "talk.wav")
    assert names.claim("ada", "talks/talk", "talk.mp3")
    assert names.claim("ada", "talk", "talk.wav"), "another folder"
    assert names.claim("bob", "talks/talk", "talk.wav"), "another user"


def test_a_claim_ends_with_the_answers(table: str) -> None:
    clock = Clock()
    names = DynamoDropNames(boto3.client("dynamodb"), table, clock, keep_days=30)
    assert names.claim("ada", "talk", "talk.mp3")
    clock.forward(29 * 86_400)
    assert not names.claim("ada", "talk", "talk.wav")
    clock.forward(2 * 86_400)
    assert names.claim("ada", "talk", "talk.wav")
