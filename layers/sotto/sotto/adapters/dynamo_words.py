"""The search index in DynamoDB: no server that runs while nobody searches, and the owner first in every key.

    pk USER#<owner>   sk TERM#<term>#<job>        the places of one term in one job (domain/postings.py)
    pk USER#<owner>   sk TEXT#<job>#<chunk>       the job's segments for snippets, a few dozen a row
    pk USER#<owner>   sk WORDS#<job>              which rows the job has: what removal must find

Job ids are ULIDs, so a term's rows stand in order of time and can be read from any moment on. The list of rows is
written before the rows and cut down after them: whatever a crash leaves, the list names it. Whoever doubts it sets
`doubted_at` there, which the next writing takes away: the stream tells functions/index_words of rows that have it.
"""

from __future__ import annotations

import json
import random
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sotto.adapters.aws_errors import translated
from sotto.adapters.dynamo_rows import from_row, to_row
from sotto.domain.errors import StorageUnavailable
from sotto.domain.postings import IndexedTranscript, Posting, SegmentText, packed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SEGMENTS_A_ROW = 40
WRITES_AT_ONCE, READS_AT_ONCE = 25, 100  # DynamoDB's own limits
TRIES = 8
_LAST = "\U0010ffff"


class DynamoWords:
    """Implements workflows.search_ports.WordIndex."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, keep_days: int = 365, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client, self._table, self._keep_days, self._sleep = client, table, keep_days, sleep

    def indexed(self, owner: str, job_id: str) -> tuple[int, int] | None:
        listed = self._listed(owner, job_id)
        return (listed["attempt"], listed["version"]) if listed and listed["whole"] else None

    def write(self, owner: str, job_id: str, indexed: IndexedTranscript) -> None:
        kept = {"expires_at": self._expiry(indexed.created_at)}
        listed = self._listed(owner, job_id)
        old_terms, old_chunks = _contents(listed)
        chunks = list(_chunks(indexed.segments))
        head = {**_key(owner, f"WORDS#{job_id}"), **kept, "attempt": indexed.attempt, "version": indexed.version}
        everything = sorted(old_terms | set(indexed.places))
        self._put({**head, "whole": False, "terms": _squeezed(everything), "chunks": max(old_chunks, len(chunks))})
        facts = {**kept, "model": indexed.model, "language": indexed.language}
        rows = [
            {**_key(owner, f"TERM#{term}#{job_id}"), **facts, "places": packed(places)}
            for term, places in indexed.places.items()
        ]
        rows += [
            {**_key(owner, _chunk(job_id, n)), **kept, "segments": _squeezed(chunk)} for n, chunk in enumerate(chunks)
        ]
        gone = [_key(owner, f"TERM#{term}#{job_id}") for term in sorted(old_terms - set(indexed.places))]
        gone += [_key(owner, _chunk(job_id, n)) for n in range(len(chunks), old_chunks)]
        self._write_all([{"PutRequest": {"Item": to_row(row)}} for row in rows])
        self._write_all([{"DeleteRequest": {"Key": to_row(key)}} for key in gone])
        self._put({**head, "whole": True, "terms": _squeezed(sorted(indexed.places)), "chunks": len(chunks)})

    def doubt(self, owner: str, job_id: str, *, created_at: str, at: str) -> None:
        changes = {"whole": False, "doubted_at": at}
        # A job that was never indexed has no list yet: one that names no rows.
        first = {
            "attempt": 0,
            "version": 0,
            "terms": _squeezed([]),
            "chunks": 0,
            "expires_at": self._expiry(created_at),
        }
        sets = [f"#{name} = :{name}" for name in changes]
        sets += [f"#{name} = if_not_exists(#{name}, :{name})" for name in first]
        with translated(StorageUnavailable, "table"):
            self._client.update_item(
                TableName=self._table,
                Key=to_row(_key(owner, f"WORDS#{job_id}")),
                UpdateExpression="SET " + ", ".join(sets),
                ExpressionAttributeNames={f"#{name}": name for name in (*changes, *first)},
                ExpressionAttributeValues=to_row({f":{name}": value for name, value in (changes | first).items()}),
            )

    def _expiry(self, created_at: str) -> int:
        """Everything goes when the job's row does (DynamoJobs.create), also if the stream should forget to say so."""
        return int((datetime.fromisoformat(created_at) + timedelta(days=self._keep_days)).timestamp())

    def count_rows(self, owner: str, job_id: str) -> int:
        listed = self._listed(owner, job_id)
        terms, chunks = _contents(listed)
        return len(terms) + chunks + 1 if listed else 0

    def remove(self, owner: str, job_id: str) -> None:
        listed = self._listed(owner, job_id)
        if listed is None:
            return
        terms, chunks = _contents(listed)
        keys = [_key(owner, f"TERM#{term}#{job_id}") for term in sorted(terms)]
        keys += [_key(owner, _chunk(job_id, n)) for n in range(chunks)]
        self._write_all([{"DeleteRequest": {"Key": to_row(key)}} for key in keys])
        with translated(StorageUnavailable, "table"):
            self._client.delete_item(TableName=self._table, Key=to_row(_key(owner, f"WORDS#{job_id}")))

    def postings(self, owner: str, term: str, *, below: str, oldest: str, limit: int) -> Sequence[Posting]:
        if oldest > below:
            return []
        prefix = f"TERM#{term}#"
        found: list[Posting] = []
        start: Any = None
        while True:
            answer = self._query(
                owner, f"{prefix}{oldest}", f"{prefix}{below}", newest_first=True, limit=limit + 1, start=start
            )
            rows = ((str(row["sk"]).removeprefix(prefix), row) for row in map(from_row, answer["Items"]))
            found += [
                Posting(job_id, row["model"], row["language"], bytes(row["places"]))
                for job_id, row in rows
                if job_id < below
            ]
            start = answer.get("LastEvaluatedKey")
            if len(found) >= limit or not start:
                return found[:limit]

    def expansions(self, owner: str, prefix: str, *, limit: int) -> Sequence[str]:
        # One read a term: each starts behind all jobs of the term before ("$" is what follows "#").
        found: list[str] = []
        low = f"TERM#{prefix}"
        while len(found) < limit:
            rows = self._query(owner, low, f"TERM#{prefix}{_LAST}", newest_first=False, limit=1)["Items"]
            if not rows:
                break
            found.append(str(from_row(rows[0])["sk"]).split("#")[1])
            low = f"TERM#{found[-1]}$"
        return found

    def segments(self, owner: str, wanted: Iterable[tuple[str, int]]) -> Mapping[tuple[str, int], SegmentText]:
        asked = list(wanted)
        chunks = dict.fromkeys((job_id, number // SEGMENTS_A_ROW) for job_id, number in asked)
        read: dict[tuple[str, int], list[Any]] = {}
        for some in _batches(list(chunks), READS_AT_ONCE):
            keys: Any = [to_row(_key(owner, _chunk(job_id, n))) for job_id, n in some]
            for row in self._read_all(keys):
                _, job_id, n = str(row["sk"]).split("#")
                read[job_id, int(n)] = _stretched(row["segments"])
        found = {}
        for job_id, number in asked:
            chunk = read.get((job_id, number // SEGMENTS_A_ROW), [])
            if number % SEGMENTS_A_ROW < len(chunk):
                found[job_id, number] = SegmentText(*chunk[number % SEGMENTS_A_ROW])
        return found

    def _query(
        self, owner: str, low: str, high: str, *, newest_first: bool, limit: int, start: Any = None
    ) -> dict[str, Any]:
        ask: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
            "ExpressionAttributeValues": to_row({":pk": f"USER#{owner}", ":low": low, ":high": high}),
            "ScanIndexForward": not newest_first,
            "Limit": limit,
        }
        if start:
            ask["ExclusiveStartKey"] = start
        with translated(StorageUnavailable, "table"):
            answer: Any = self._client.query(**ask)
        return dict(answer)

    def _listed(self, owner: str, job_id: str) -> dict[str, Any] | None:
        with translated(StorageUnavailable, "table"):
            found = self._client.get_item(
                TableName=self._table, Key=to_row(_key(owner, f"WORDS#{job_id}")), ConsistentRead=True
            )
        return from_row(found["Item"]) if "Item" in found else None

    def _put(self, row: Mapping[str, Any]) -> None:
        with translated(StorageUnavailable, "table"):
            self._client.put_item(TableName=self._table, Item=to_row(row))

    def _write_all(self, requests: Sequence[Any]) -> None:
        for some in _batches(requests, WRITES_AT_ONCE):
            left: list[Any] = list(some)
            for tries in range(TRIES):
                with translated(StorageUnavailable, "table"):
                    answer: Any = self._client.batch_write_item(RequestItems={self._table: left})
                left = list(answer.get("UnprocessedItems", {}).get(self._table, []))
                if not left:
                    break
                self._wait(tries)
            else:
                raise StorageUnavailable(f"table: expected {len(some)} writes, found {len(left)} left undone")

    def _read_all(self, keys: list[Any]) -> Iterator[dict[str, Any]]:
        for tries in range(TRIES):
            with translated(StorageUnavailable, "table"):
                answer: Any = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys}})
            yield from map(from_row, answer["Responses"].get(self._table, []))
            keys = list(answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", []))
            if not keys:
                return
            self._wait(tries)
        raise StorageUnavailable(f"table: expected all rows, found {len(keys)} left unread")

    def _wait(self, tries: int) -> None:
        self._sleep(random.uniform(0, 0.05 * 2**tries))  # noqa: S311 - jitter


def _key(owner: str, sk: str) -> dict[str, str]:
    return {"pk": f"USER#{owner}", "sk": sk}


def _chunk(job_id: str, number: int) -> str:
    return f"TEXT#{job_id}#{number:05d}"


def _contents(listed: Mapping[str, Any] | None) -> tuple[set[str], int]:
    return (set(_stretched(listed["terms"])), listed["chunks"]) if listed else (set(), 0)


def _chunks(segments: Sequence[SegmentText]) -> Iterator[list[Any]]:
    for some in _batches(segments, SEGMENTS_A_ROW):
        yield [[one.start, one.end, one.text] for one in some]


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _squeezed(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _stretched(content: Any) -> list[Any]:
    return list(json.loads(zlib.decompress(bytes(content))))
