"""Index and search synthetic hours, and count what that costs: `python -m tests.benchmarks.search --hours 1000`.

The table is tests/benchmarks/counting_table.py, in this process: requests and capacity units are what DynamoDB would
bill for items of these sizes, times are this machine's Python without any network. A request to DynamoDB takes a few
milliseconds, so the requests of a query tell what a person waits for. Words follow Zipf's law, as speech does; of
the hours fifty differ, and each is there again and again under ids of its own.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import math
import platform
import random
import statistics
import sys
import time
from typing import Any

from ulid import ULID

from sotto.adapters.dynamo_words import DynamoWords
from sotto.domain.job import Job, JobStatus, Timings
from sotto.domain.options import Options
from sotto.domain.postings import IndexedTranscript, Place, SegmentText
from sotto.domain.terms import parse_query
from sotto.workflows.search_transcripts import Filters, SearchTranscripts
from tests.benchmarks.counting_table import CountingTable
from tests.fakes.jobs import InMemoryJobs

TABLE, OWNER = "benchmark", "01BENCHMARK"
WORDS_AN_HOUR, WORDS_A_SEGMENT, VOCABULARY = 9000, 18, 30_000
DISTINCT = 50
QUERIES = ("word1", "word1 word2", "word200", '"word3 word7"', "word29000", "word2999*", "word1 word29000", "nowhere")
START = 1_767_225_600  # 2026-01-01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--words", type=int, default=WORDS_AN_HOUR, help="words an hour")
    chosen = parser.parse_args()
    sys.stdout.write(json.dumps(measure(chosen.hours, chosen.words, chosen.repeats), indent=2) + "\n")


def measure(hours: int, words_an_hour: int, repeats: int) -> dict[str, Any]:
    """Everything that the page in docs/benchmarks.md states."""
    table, jobs = CountingTable(), InMemoryJobs()
    words = DynamoWords(table, TABLE)  # type: ignore[arg-type]
    chance = random.Random(7)
    vocabulary = [f"word{n}" for n in range(1, VOCABULARY + 1)]
    odds = list(itertools.accumulate(1 / n for n in range(1, VOCABULARY + 1)))
    took, rows, units = [], [], []
    ids = [str(ULID.from_timestamp(START + hour * 3600)) for hour in range(hours)]
    for job_id in ids:
        jobs.rows[OWNER, job_id] = job(job_id)
    for job_id in ids[:DISTINCT]:
        spoken = hour_of(chance, vocabulary, odds, words_an_hour)
        rows.append(len(spoken.places) + math.ceil(len(spoken.segments) / 40) + 2)
        table.forget()
        took.append(timed(functools.partial(words.write, OWNER, job_id, spoken)))
        units.append(table.write_units)
    stored = table.stored_bytes / len(took)
    table.copy_jobs(ids[:DISTINCT], ids)
    search = SearchTranscripts(jobs, words)
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "hours": hours,
        "words": hours * words_an_hour,
        "rows_written_an_hour": round(statistics.mean(rows)),
        "write_units_an_hour": round(statistics.mean(units)),
        "stored_mb_an_hour": round(stored / 1e6, 2),
        "index_s_an_hour_median": round(statistics.median(took), 3),
        "queries": [one_query(search, query, table, repeats) for query in QUERIES],
        "remove_s": round(timed(lambda: words.remove(OWNER, ids[0])), 3),
    }


def one_query(search: SearchTranscripts, query: str, table: CountingTable, repeats: int) -> dict[str, Any]:
    """The first page of a query: hits, requests and units of one run, the median time of all."""
    took = []
    search(OWNER, parse_query(query), Filters(), limit=1, cursor=None)  # the table sorts its keys once
    for _ in range(repeats):
        table.forget()
        begun = time.perf_counter()
        found = search(OWNER, parse_query(query), Filters(), limit=20, cursor=None)
        took.append(time.perf_counter() - begun)
    return {
        "q": query,
        "hits": len(found.hits),
        "more": found.cursor is not None,
        "requests": dict(table.requests),
        "read_units": table.read_units,
        "ms_median": round(statistics.median(took) * 1000, 1),
    }


def hour_of(chance: random.Random, vocabulary: list[str], odds: list[float], words: int) -> IndexedTranscript:
    """An hour of talk: words by Zipf's law, a segment each eighteen, evenly over the hour."""
    said = chance.choices(vocabulary, cum_weights=odds, k=words)
    places: dict[str, list[Place]] = {}
    step = 3600 / words
    for n, word in enumerate(said):
        places.setdefault(word, []).append(Place(n, n // WORDS_A_SEGMENT, round(n * step * 1000)))
    segments = tuple(
        SegmentText(n * step, (n + WORDS_A_SEGMENT) * step, " ".join(said[n : n + WORDS_A_SEGMENT]))
        for n in range(0, words, WORDS_A_SEGMENT)
    )
    return IndexedTranscript(1, 1, "base", "en", "2026-01-01T00:00:00.000Z", places, segments)


def job(job_id: str) -> Job:
    return Job(
        owner=OWNER,
        id=job_id,
        name="hour.mp3",
        content_type="audio/mpeg",
        size_bytes=1,
        options=Options(),
        status=JobStatus.COMPLETED,
        timings=Timings(created_at="2026-01-01T00:00:00.000Z"),
        request_id="benchmark",
        upload_expires_at="2026-01-01T00:00:00.000Z",
    )


def timed(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
