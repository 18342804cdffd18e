"""A table in this process that answers the calls of the search index and counts what DynamoDB would bill.

moto needs 6 ms an item, so the two million rows of a thousand hours would take hours there. This table keeps items
as bytes and sorts its keys once; it knows only what adapters/dynamo_words.py asks for. That the adapter works on a
table with DynamoDB's rules is what tests/contract/test_words.py shows, not this.
"""

from __future__ import annotations

import math
import pickle
from bisect import bisect_left, bisect_right
from collections import Counter
from typing import Any

READ_UNIT, WRITE_UNIT = 4096, 1024


class CountingTable:
    """Stands for the DynamoDB client. `requests` counts calls, `read_units` and `write_units` capacity."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], bytes] = {}
        self._keys: list[tuple[str, str]] | None = None
        self.forget()
        self.stored_bytes = 0

    def forget(self) -> None:
        """Begin to count again."""
        self.requests: Counter[str] = Counter()
        self.read_units, self.write_units = 0.0, 0

    def copy_jobs(self, known: list[str], wanted: list[str]) -> None:
        """Store the rows of the `known` jobs again, in turn, until there are all the `wanted` ones."""
        by_job: dict[str, list[tuple[str, str, bytes]]] = {job_id: [] for job_id in known}
        for (pk, sk), item in self._items.items():
            by_job[next(one for one in sk.split("#") if one in by_job)].append((pk, sk, item))
        for n, copy_id in enumerate(wanted[len(known) :]):
            job_id = known[n % len(known)]
            old, new = job_id.encode(), copy_id.encode()  # of the same length, so the bytes stay a pickle
            for pk, sk, item in by_job[job_id]:
                self._items[pk, sk.replace(job_id, copy_id)] = item.replace(old, new)
        self._keys = None

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.requests["BatchWriteItem"] += 1
        for request in next(iter(RequestItems.values())):
            if "PutRequest" in request:
                self._put(request["PutRequest"]["Item"])
            else:
                self._delete(request["DeleteRequest"]["Key"])
        return {}

    def put_item(self, TableName: str, Item: Any, **_: Any) -> None:  # noqa: N803
        del TableName
        self.requests["PutItem"] += 1
        self._put(Item)

    def delete_item(self, TableName: str, Key: Any) -> None:  # noqa: N803
        del TableName
        self.requests["DeleteItem"] += 1
        self._delete(Key)

    def get_item(self, TableName: str, Key: Any, ConsistentRead: bool = False) -> dict[str, Any]:  # noqa: N803
        del TableName
        self.requests["GetItem"] += 1
        return self._read([_key(Key)], 1.0 if ConsistentRead else 0.5, key="Item")

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        self.requests["BatchGetItem"] += 1
        ((table, asked),) = RequestItems.items()
        found = [self._read([_key(key)], 0.5, key="Item") for key in asked["Keys"]]
        return {"Responses": {table: [one["Item"] for one in found if one]}}

    def query(self, ExpressionAttributeValues: Any, ScanIndexForward: bool, Limit: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.requests["Query"] += 1
        if self._keys is None:
            self._keys = sorted(self._items)
        owner, low, high = (ExpressionAttributeValues[name]["S"] for name in (":pk", ":low", ":high"))
        first, last = bisect_left(self._keys, (owner, low)), bisect_right(self._keys, (owner, high))
        wanted = (
            range(first, min(last, first + Limit))
            if ScanIndexForward
            else range(last - 1, max(first, last - Limit) - 1, -1)
        )
        items = [pickle.loads(self._items[self._keys[n]]) for n in wanted]
        self.read_units += math.ceil(sum(map(size_of, items)) / READ_UNIT) / 2
        return {"Items": items, **({"LastEvaluatedKey": {}} if len(items) == Limit else {})}

    def _read(self, keys: list[tuple[str, str]], price: float, *, key: str) -> dict[str, Any]:
        found = self._items.get(keys[0])
        if found is None:
            self.read_units += price
            return {}
        item = pickle.loads(found)
        self.read_units += math.ceil(size_of(item) / READ_UNIT) * price
        return {key: item}

    def _put(self, item: Any) -> None:
        key, size = _key(item), size_of(item)
        if key not in self._items:
            self._keys = None
        self._items[key] = pickle.dumps(item)
        self.stored_bytes += size + 100  # DynamoDB adds 100 bytes an item to what it bills for storage
        self.write_units += math.ceil(size / WRITE_UNIT)

    def _delete(self, key: Any) -> None:
        item = self._items.pop(_key(key), None)
        if item is not None:
            self._keys = None
            size = size_of(pickle.loads(item))
            self.stored_bytes -= size + 100
            self.write_units += math.ceil(size / WRITE_UNIT)


def size_of(item: Any) -> int:
    """An item's size as DynamoDB counts it: names, text in UTF-8, bytes; numbers by their digits."""
    total = 0
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        total += len(name) + {"S": lambda v: len(v.encode()), "N": lambda v: len(v) // 2 + 2}.get(kind, _plain)(value)
    return total


def _plain(value: Any) -> int:
    return len(bytes(value)) if hasattr(value, "__bytes__") or isinstance(value, bytes) else 1


def _key(item: Any) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
