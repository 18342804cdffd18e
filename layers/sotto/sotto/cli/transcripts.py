"""`sotto transcript ...`: read, export, correct and compare transcripts."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from sotto.cli import arguments, results, terminal
from sotto.cli.exits import Exit
from sotto.cli.word_edits import replacements
from sotto.client.transcripts import BINARY_FORMATS, FORMATS, Change, Version
from sotto.domain.errors import InvalidInput


def register(subparsers: arguments.Subparsers) -> None:
    commands = arguments.group(subparsers, "transcript", "read, correct and compare transcripts")
    _register_reading(commands)
    edit = arguments.command(
        commands,
        "edit",
        "correct words and names of speakers; makes a new version",
        "transcript edit 01K... --replace Soto Sotto",
        "transcript edit 01K... --replace 'a green tree' 'agreed' --dry-run",
        "transcript edit 01K... --rename-speaker 'Speaker 1' Ann --rename-speaker 'Speaker 2' Bo",
        "transcript edit 01K... --operations edits.json --base-version 3",
    )
    edit.add_argument("id", metavar="ID")
    how = edit.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--replace",
        nargs=2,
        action="append",
        metavar=("OLD", "NEW"),
        help="wherever these words are said, whatever their case and punctuation; again for more",
    )
    how.add_argument(
        "--rename-speaker",
        nargs=2,
        action="append",
        metavar=("OLD", "NEW"),
        help="everywhere; two of one name become one; again for more",
    )
    how.add_argument("--operations", type=Path, metavar="FILE", help="JSON list of operations, on word ids")
    edit.add_argument("--base-version", type=int, metavar="N", help="the version that is corrected (default: newest)")
    edit.add_argument("--dry-run", action="store_true", help="print the operations, change nothing")
    edit.set_defaults(run=edit_words)
    revert = arguments.command(
        commands, "revert", "make a new version that says what an earlier one said", "transcript revert 01K... 1"
    )
    revert.add_argument("id", metavar="ID")
    revert.add_argument("version", type=int, metavar="VERSION")
    revert.set_defaults(run=revert_to)


def _register_reading(commands: arguments.Subparsers) -> None:
    show = arguments.command(
        commands, "show", "print a transcript", "transcript show 01K...", "transcript show 01K... --format srt --words"
    )
    show.add_argument("--format", choices=[one for one in FORMATS if one not in BINARY_FORMATS], default="txt")
    show.set_defaults(run=show_transcript)
    export = arguments.command(
        commands,
        "export",
        "write a transcript to files",
        "transcript export 01K... --format docx",
        "transcript export 01K... --format srt --format vtt --output captions/",
    )
    export.add_argument("--format", choices=FORMATS, action="append", required=True, help="again for more")
    export.add_argument("--output", type=Path, default=Path(), metavar="FOLDER", help="default: this one")
    export.set_defaults(run=export_transcript)
    versions = arguments.command(commands, "versions", "all versions, newest first", "transcript versions 01K...")
    versions.set_defaults(run=list_versions)
    diff = arguments.command(
        commands,
        "diff",
        "words that differ between two versions",
        "transcript diff 01K...",
        "transcript diff 01K... 1 3",
    )
    diff.set_defaults(run=show_diff)
    for one in (show, export, versions, diff):
        one.add_argument("id", metavar="ID")
    for one in (show, export):
        one.add_argument("--words", action=argparse.BooleanOptionalAction, help="each word with its time")
        one.add_argument("--timestamps", action=argparse.BooleanOptionalAction, help="times beside the text")
        one.add_argument("--speakers", action=argparse.BooleanOptionalAction, help="who says what, where it is known")
        one.add_argument("--version", type=int, metavar="N", help="default: the newest")
    for one in (show, export, versions):
        one.add_argument("--attempt", type=int, metavar="N", help="an earlier one (default: the present one)")
    for one in (versions, diff):
        arguments.add_json(one)
    diff.add_argument("versions", nargs="*", type=int, metavar="VERSION", help="from, to (default: the last two)")


def _view(given: argparse.Namespace) -> dict[str, Any]:
    """What is wanted of a transcript, beside the format."""
    return {name: getattr(given, name) for name in ("words", "timestamps", "speakers", "version", "attempt")}


def show_transcript(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        content = client.get_transcript(given.id, given.format, **_view(given))
    terminal.write_bytes(content)
    return Exit.OK


def export_transcript(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        name = Path(client.get_job(given.id).name).name
        for extension in given.format:
            content = client.get_transcript(given.id, extension, **_view(given))
            results.save(given.output / f"{name}.{extension}", content, given.id)
    return Exit.OK


def list_versions(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        versions = client.list_versions(given.id, given.attempt)
    if given.json:
        arguments.print_json({"versions": versions})
        return Exit.OK
    for one in versions:
        terminal.write(_line(one))
    return Exit.OK


def _line(version: Version) -> str:
    what = {"edit": f"{version.operations} operations", "revert": f"as version {version.reverted_to}"}
    return f"{version.version:>4}  {version.created_at}  {version.kind:<8}  {what.get(version.kind, '')}".rstrip()


def show_diff(given: argparse.Namespace) -> int:
    if len(given.versions) not in (0, 2):
        raise InvalidInput("VERSION", expected="two versions or none", found=given.versions)
    with arguments.connect(given) as client:
        newest = given.versions[1] if given.versions else client.get_job(given.id).transcript_version
        oldest = given.versions[0] if given.versions else newest - 1
        if oldest < 1:
            raise InvalidInput("VERSION", expected="a transcript with two versions", found="one that was never edited")
        found = client.diff(given.id, oldest, newest)
    if given.json:
        arguments.print_json(found)
        return Exit.OK
    for change in found.changes:
        terminal.write(_told(change))
    return Exit.OK


def _told(change: Change) -> str:
    before, after = (" ".join(word.text for word in words) for words in (change.before, change.after))
    return f"{terminal.clock(change.start):>8}  - {before}\n{'':>8}  + {after}"


def edit_words(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        base = given.base_version or client.get_job(given.id).transcript_version
        if given.operations:
            operations = _read(given.operations)
        elif given.rename_speaker:
            operations = [{"op": "rename_speaker", "speaker": old, "name": new} for old, new in given.rename_speaker]
        else:
            segments = list(client.list_segments(given.id, base))
            operations = [one for old, new in given.replace for one in replacements(segments, old, new)]
        if given.dry_run:
            arguments.print_json({"base_version": base, "operations": operations})
            return Exit.OK
        if not operations:
            raise InvalidInput("--replace", expected="words that are said", found=[old for old, _ in given.replace])
        made = client.edit(given.id, base, operations)
    terminal.messages().print(f"version {made.version}: {made.operations} operations")
    return Exit.OK


def _read(path: Path) -> list[dict[str, object]]:
    try:
        return list(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        raise InvalidInput("--operations", expected="a file with a JSON list", found=str(path)) from None


def revert_to(given: argparse.Namespace) -> int:
    with arguments.connect(given) as client:
        made = client.revert(given.id, client.get_job(given.id).transcript_version, given.version)
    terminal.messages().print(f"version {made.version} says what version {given.version} said")
    return Exit.OK
