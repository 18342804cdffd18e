"""A transcript leaves as a file, and the audit log says so.

The entry is written first: an export that was cut off is then in the log without having left, and none has left without
an entry. A caller who has the file already (304) takes nothing out, which is no entry.
"""

from __future__ import annotations

from dataclasses import dataclass

from sotto.domain.audit import Action, Origin
from sotto.domain.identity import Principal
from sotto.domain.renderings.view import View
from sotto.workflows.read_transcript import Export, ReadTranscript, Source
from sotto.workflows.record_audit import RecordAudit


@dataclass(frozen=True)
class ExportTranscript:
    read: ReadTranscript
    audit: RecordAudit

    def __call__(self, by: Principal, source: Source, extension: str, view: View, origin: Origin) -> Export:
        """`source` in a format of domain/renderings. Raises as ReadTranscript.export does."""
        detail = f"{extension}, attempt {source.job.attempt}, version {source.version}"
        self.audit(Action.TRANSCRIPT_EXPORTED, source.job.id, origin, by=by, detail=detail)
        return self.read.export(source, extension, view)
