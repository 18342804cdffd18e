"""Keep the search index true to the jobs: what is completed or edited goes in, what is deleted goes out."""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.errors import NotFound, WrongState
from sotto.domain.postings import index_of
from sotto.workflows.read_transcript import ReadTranscript
from sotto.workflows.search_ports import WordIndex


@dataclass(frozen=True)
class IndexWords:
    read: ReadTranscript
    index: WordIndex

    def __call__(self, owner: str, job_id: str) -> str:
        """Bring the index up to what the job is now; returns a word for the log. Repeating it changes nothing."""
        try:
            job = self.read.completed(owner, job_id)
            if self.index.indexed(owner, job_id) == (job.attempt, job.transcript_version):
                return "current"
            _, transcript = self.read.read(owner, job_id)
        except NotFound:
            self.index.remove(owner, job_id)
            return "removed"
        except WrongState:  # it runs again: search leaves it out until it ends
            return "not_completed"
        self.index.write(owner, job_id, index_of(transcript))
        return "indexed"
