"""A recording has arrived: look into it, plan its parts, queue them.

Crash-safe by order: the plan is written, then the job moves to QUEUED, then the messages go out. A crash before the
move leaves the event to be delivered again; a crash after it is seen by the next delivery, which sends the messages
again, and at the latest by the reconciler.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sotto.domain.errors import NotFound, RecordingEmpty, RecordingTooLarge, RecordingTooLong, Rejected, WrongState
from sotto.domain.job import Job, JobStatus, Progress, RecordingRef
from sotto.domain.object_keys import UploadKey, parse_upload_key
from sotto.domain.parts import plan_parts
from sotto.workflows.keep_quotas import KeepQuotas
from sotto.workflows.moments import after, iso
from sotto.workflows.plan_recording import PartPlans
from sotto.workflows.ports import Clock, Jobs, Objects, Probe

STALLED_AFTER_S = 900


@dataclass(frozen=True)
class IntakeRecording:
    jobs: Jobs
    objects: Objects
    probe: Probe
    plans: PartPlans
    clock: Clock
    max_upload_bytes: int
    max_recording_s: float
    part_s: float
    quotas: KeepQuotas

    def __call__(self, key: str, event_time: str) -> str:
        """Take in the object at `key` (decoded). Returns what happened, in a word for the log."""
        upload = parse_upload_key(key)
        if upload is None:
            return "not_an_upload"
        try:
            job = self.jobs.get(upload.owner, upload.job_id)
        except NotFound:
            return "no_such_job"
        if job.name != upload.name:
            return "not_the_jobs_recording"
        if job.status is JobStatus.QUEUED and job.progress.parts_done == 0:
            self.plans.queue_parts(job, self.plans.read(job))
            return "queued_again"
        if job.status is not JobStatus.AWAITING_UPLOAD:
            return "already_taken_in"
        # A retry is about the bytes of the first attempt, whatever lies at the key by now.
        recording = job.recording or self.objects.head(key)
        if recording is None:
            return "object_gone"
        try:
            return self._take_in(job, upload, recording, event_time)
        except WrongState:
            return "already_taken_in"  # another delivery of the event was faster, or the job was cancelled
        except Rejected as error:
            self._fail(job, recording, error)
            return error.code

    def _take_in(self, job: Job, upload: UploadKey, recording: RecordingRef, event_time: str) -> str:
        if recording.size_bytes == 0:
            raise RecordingEmpty("recording: expected sound, found 0 bytes")
        if recording.size_bytes > self.max_upload_bytes:
            raise RecordingTooLarge(
                f"recording: expected at most {self.max_upload_bytes} bytes, found {recording.size_bytes}"
            )
        with self.objects.open(recording) as reader:
            probed = self.probe(reader, name=upload.name, size_bytes=recording.size_bytes, etag=recording.etag)
        facts = probed.facts
        if facts.duration_s > self.max_recording_s:
            raise RecordingTooLong(
                f"recording: expected at most {self.max_recording_s:.0f} s, found {facts.duration_s:.0f} s"
            )
        # Once an attempt, before anything is queued: a crash behind this line is charged, a second delivery is not.
        self.quotas.charge(job, facts.duration_s)
        parts = plan_parts(facts.duration_s, self.part_s, probed.anchors)
        self.plans.write(job, parts)
        now = self.clock()
        queued = self.jobs.move(
            job,
            JobStatus.QUEUED,
            due_at=after(now, STALLED_AFTER_S),
            recording=recording,
            facts=facts,
            lane=self.plans.lane_of(facts),
            progress=Progress(seconds_total=facts.duration_s, parts_total=len(parts)),
            timings=replace(job.timings, uploaded_at=event_time or iso(now), queued_at=iso(now)),
        )
        self.plans.queue_parts(queued, parts)
        return "queued"

    def _fail(self, job: Job, recording: RecordingRef, error: Rejected) -> None:
        try:
            self.jobs.move(
                job,
                JobStatus.FAILED,
                failure=error.failure,
                recording=recording,
                timings=replace(job.timings, completed_at=iso(self.clock())),
            )
        except (WrongState, NotFound):
            return  # somebody else decided this job's end
