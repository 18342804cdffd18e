"""Search one owner's transcripts: newest jobs first, segment by segment.

The lists of jobs that say each term are walked side by side, and each may skip to where the others are, so a rare
word makes the search of a common one short. Nothing is counted or ranked: the order is time.
"""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sotto.domain.errors import InvalidInput, NotFound
from sotto.domain.job import Job, JobStatus
from sotto.domain.postings import Place, Posting, SegmentText, found_in, unpacked
from sotto.domain.terms import Clause
from sotto.workflows.ports import Jobs
from sotto.workflows.search_ports import WordIndex

FIRST_LIMIT, PAGE_LIMIT = 10, 100
MAX_EXPANSIONS = 50
MAX_JOBS = 300
"""Jobs that one request looks into; a page may end there with few hits, and its cursor goes on."""
END = "~"  # above every ULID
WHOLE = 999_999_999  # in a cursor: all segments of that job were looked at
_CURSOR = re.compile(r"([0-9A-Z]{1,40})\.(\d{1,9})")


@dataclass(frozen=True)
class Filters:
    """None lets everything through. `oldest` and `below` bound job ids: domain/moments of ULIDs."""

    model: str | None = None
    language: str | None = None
    oldest: str = ""
    below: str = END

    def let_through(self, posting: Posting) -> bool:
        return self.model in (None, posting.model) and self.language in (None, posting.language)


@dataclass(frozen=True)
class Hit:
    """A segment that holds all that was asked for; `at_s` is where the first of it is said."""

    job: Job
    segment: int
    at_s: float
    text: SegmentText


@dataclass(frozen=True)
class Hits:
    hits: tuple[Hit, ...]
    cursor: str | None


@dataclass(frozen=True)
class SearchTranscripts:
    jobs: Jobs
    index: WordIndex

    def __call__(
        self, owner: str, clauses: Sequence[Clause], filters: Filters, *, limit: int, cursor: str | None
    ) -> Hits:
        """One page of hits. Raises InvalidInput for a foreign cursor and for a prefix of too many words."""
        job_id, after = _parsed(cursor) if cursor else (END, -1)
        below = min(filters.below, job_id if after == WHOLE else f"{job_id}\0")
        lists = [self._lists(owner, clause, filters) for clause in clauses]
        found: list[tuple[Job, Place]] = []
        for _ in range(MAX_JOBS):
            at = _common([one.newest for one in lists], below)
            if at is None:
                return self._shown(owner, found, None)
            below = at
            postings = [one.at(at) for one in lists]
            if not filters.let_through(next(posting for one in postings for posting in one if posting)):
                continue
            places = found_in(
                clauses, [[unpacked(one.places) if one else [] for one in of_clause] for of_clause in postings]
            )
            job = self._completed(owner, at) if places else None
            for place in places if job else ():
                if at == job_id and place.segment <= after:
                    continue
                if len(found) == limit:
                    last_job, last = found[-1]
                    return self._shown(owner, found, _cursor(last_job.id, last.segment))
                found.append((job, place))  # type: ignore[arg-type]
        return self._shown(owner, found, _cursor(below, WHOLE))

    def _lists(self, owner: str, clause: Clause, filters: Filters) -> _Lists:
        terms: Sequence[str] = clause.terms
        if clause.prefix:
            terms = self.index.expansions(owner, clause.terms[0], limit=MAX_EXPANSIONS + 1)
            if len(terms) > MAX_EXPANSIONS:
                raise InvalidInput(
                    "q",
                    expected=f"a beginning that at most {MAX_EXPANSIONS} of your words share",
                    found=f"{clause.terms[0]}*",
                    hint="Add another letter before the star.",
                )
        return _Lists([_List(self.index, owner, term, filters.oldest) for term in terms], any_of=clause.prefix)

    def _completed(self, owner: str, job_id: str) -> Job | None:
        """The job, unless it was deleted or runs again and the index does not know yet."""
        try:
            job = self.jobs.get(owner, job_id)
        except NotFound:
            return None
        return job if job.status is JobStatus.COMPLETED else None

    def _shown(self, owner: str, found: Sequence[tuple[Job, Place]], cursor: str | None) -> Hits:
        texts = self.index.segments(owner, [(job.id, place.segment) for job, place in found])
        hits = (
            Hit(job, place.segment, place.start_ms / 1000, texts[job.id, place.segment])
            for job, place in found
            if (job.id, place.segment) in texts
        )
        return Hits(tuple(hits), cursor)


@dataclass
class _List:
    """The jobs that say one term, newest first, read as far as they are asked for."""

    index: WordIndex
    owner: str
    term: str
    oldest: str
    _read: list[Posting] = field(default_factory=list)
    _ended: bool = False
    _limit: int = FIRST_LIMIT

    def newest(self, below: str) -> str | None:
        """The newest job below `below`."""
        while True:
            while self._read and self._read[0].job_id >= below:
                self._read.pop(0)
            if self._read:
                return self._read[0].job_id
            if self._ended:
                return None
            # Where the others are is where to read on: what lies between cannot be a hit.
            self._read = list(
                self.index.postings(self.owner, self.term, below=below, oldest=self.oldest, limit=self._limit)
            )
            self._ended = len(self._read) < self._limit
            self._limit = PAGE_LIMIT

    def at(self, job_id: str) -> Posting | None:
        return self._read[0] if self._read and self._read[0].job_id == job_id else None


@dataclass(frozen=True)
class _Lists:
    """The lists of one clause: all must have the job, or (a prefix) any."""

    lists: Sequence[_List]
    any_of: bool

    def newest(self, below: str) -> str | None:
        if self.any_of:
            return max(filter(None, (one.newest(below) for one in self.lists)), default=None)
        return _common([one.newest for one in self.lists], below)

    def at(self, job_id: str) -> list[Posting | None]:
        return [one.at(job_id) for one in self.lists]


def _common(newest: Sequence[Callable[[str], str | None]], below: str) -> str | None:
    """The newest job below `below` that all lists have: each skips to where the slowest is."""
    while True:
        heads = [one(below) for one in newest]
        if None in heads:
            return None
        known = [head for head in heads if head is not None]
        lowest = min(known)
        if all(head == lowest for head in known):
            return lowest
        below = f"{lowest}\0"


def _cursor(job_id: str, segment: int) -> str:
    return urlsafe_b64encode(f"{job_id}.{segment}".encode()).decode()


def _parsed(cursor: str) -> tuple[str, int]:
    try:
        found = _CURSOR.fullmatch(b64decode(cursor, altchars=b"-_", validate=True).decode("ascii"))
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput("cursor", expected="the next_cursor of an earlier page of this search", found=cursor)
    return found[1], int(found[2])
