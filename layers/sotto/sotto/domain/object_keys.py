"""Where things lie in the bucket. The owner comes first after the prefix, so a policy can fence one user in.

uploads/<owner>/<job>/<name>                    the recording as uploaded
work/<owner>/<job>/<attempt>/<part>.json        one part's transcript
transcripts/<owner>/<job>/<attempt>/transcript.<format>   an attempt's result
transcripts/<owner>/<job>/<attempt>/versions/             the canonical JSON after each edit
exports/<owner>/<job>/<attempt>/<version>-<digest>.<format>   a file too large for an answer of the API; a few days
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

from sotto.domain.errors import InvalidInput

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")
MAX_NAME_BYTES = 200


def clean_name(name: str) -> str:
    """The file name as kept in the key: NFC, no control character, no path. Spaces, plus, accents, emoji stay."""
    # Letters are joined and blanks are cut last: what was taken out may have stood between them.
    base = _UNSAFE.sub("", name.replace("\\", "/").rsplit("/", 1)[-1])
    base = unicodedata.normalize("NFC", base).strip()
    if base in ("", ".", ".."):
        raise InvalidInput("name", expected="a file name", found=name)
    if len(base.encode()) > MAX_NAME_BYTES:
        stem, dot, extension = base.rpartition(".")
        keep = f"{dot}{extension}" if dot and len(extension) <= 8 else ""
        room = MAX_NAME_BYTES - len(keep.encode())
        base = (stem if keep else base).encode()[:room].decode(errors="ignore") + keep
    return base.strip()


@dataclass(frozen=True)
class UploadKey:
    owner: str
    job_id: str
    name: str

    def __str__(self) -> str:
        return f"uploads/{self.owner}/{self.job_id}/{self.name}"


def uploads_prefix(owner: str, job_id: str) -> str:
    return f"uploads/{owner}/{job_id}/"


def parse_upload_key(key: str) -> UploadKey | None:
    """The parts of an upload's key (already URL-decoded), or None when it is not one."""
    pieces = key.split("/", 3)
    if len(pieces) != 4 or pieces[0] != "uploads" or not all(pieces):
        return None
    return UploadKey(owner=pieces[1], job_id=pieces[2], name=pieces[3])


def work_key(owner: str, job_id: str, attempt: int, index: int) -> str:
    return f"work/{owner}/{job_id}/{attempt}/{index:05d}.json"


def transcript_key(owner: str, job_id: str, attempt: int, extension: str = "json") -> str:
    """An attempt's own, so that neither a retry nor a late worker of an earlier attempt overwrites another's."""
    return f"{transcripts_prefix(owner, job_id)}{attempt}/transcript.{extension}"


def transcripts_prefix(owner: str, job_id: str) -> str:
    return f"transcripts/{owner}/{job_id}/"


def version_key(owner: str, job_id: str, attempt: int, number: int, name: str) -> str:
    """Where an edited version lies. `name` is of this writer alone, so two who race never overwrite each other."""
    return f"{transcripts_prefix(owner, job_id)}{attempt}/versions/{number:05d}-{name}.json"


def export_key(owner: str, job_id: str, attempt: int, version: int, content: bytes, extension: str) -> str:
    """Where `content` is fetched. Its digest is in the name: a URL never leads to another view or version."""
    digest = hashlib.sha256(content).hexdigest()[:16]
    return f"exports/{owner}/{job_id}/{attempt}/{version:05d}-{digest}.{extension}"


def job_prefixes(owner: str, job_id: str) -> tuple[str, ...]:
    """Every prefix under which a job may have objects: what deletion empties."""
    return (
        uploads_prefix(owner, job_id),
        f"work/{owner}/{job_id}/",
        transcripts_prefix(owner, job_id),
        f"exports/{owner}/{job_id}/",
    )


def plan_key(owner: str, job_id: str) -> str:
    """The plan of the recording's parts; the same for every attempt, because the recording is the same."""
    return f"work/{owner}/{job_id}/plan.json"


def download_disposition(name: str, extension: str) -> str:
    """Content-Disposition that saves a job's transcript as `<name's stem>.<extension>`, in RFC 6266 form."""
    stem = name.rpartition(".")[0] or name
    plain = re.sub(r"[^A-Za-z0-9 ._-]", "_", stem)
    return f"attachment; filename=\"{plain}.{extension}\"; filename*=UTF-8''{quote(stem, safe='')}.{extension}"
