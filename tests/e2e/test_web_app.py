"""The web app in a real browser on the whole stack: sign in, drop a file, watch, read along, download, delete."""

from __future__ import annotations

import json
import secrets
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from infra.local.emulator import Aws
from sotto.adapters.argon2_passwords import Argon2Passwords
from sotto.adapters.dynamo_users import DynamoUsers
from sotto.domain.object_keys import transcript_key
from sotto.workflows.create_admin import create_admin
from tests.conftest import ROOT
from tests.e2e.caller import Caller, word_errors
from tests.e2e.conftest import sotto
from tests.e2e.web import chromium
from tests.e2e.web.person import Person
from tests.integration.integrations.file_server import serving
from tests.recordings import FORMS, RATE, SAMPLE_TEXT, sample, write

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.skipif(chromium.missing() is not None, reason=str(chromium.missing())),
]

MAX_ERRORS = 3  # words of 54, as in test_path.py
TRANSCRIBED_WITHIN_S = 120.0
MB = 1024 * 1024
DESKTOP, PHONE = (1280, 900), (390, 844)


@pytest.fixture
def person(stack: Any, tmp_path: Path) -> Iterator[Person]:
    """Somebody who has the page open. Whatever happens, nothing may break the policy or throw."""
    with chromium.chromium(tmp_path) as driver:
        person = Person(driver, stack.web_url)
        person.opens()
        yield person
        assert person.refused_by_policy() == []
        assert person.faults_in_console() == []


@pytest.fixture
def signed_in(person: Person, stack: Any) -> Person:
    person.signs_in(*stack.credentials)
    person.named("select", "Model")
    return person


def test_a_recording_becomes_text_that_can_be_read_along(signed_in: Person, caller: Caller, tmp_path: Path) -> None:
    name = "Evening at the café + Q&A 🎤.mp3"  # no other test's: the administrator sees the recordings of all
    signed_in.chooses("Model", "tiny.en")
    signed_in.drops(write(tmp_path / name, sample(), FORMS["mp3"]))
    signed_in.sees_in_row(name, "Finished", TRANSCRIBED_WITHIN_S)
    signed_in.presses(name)
    signed_in.named("button", "Play")

    segments = signed_in.driver.find_elements(By.CSS_SELECTOR, "[data-segment] p")
    assert word_errors(SAMPLE_TEXT, " ".join(segment.text for segment in segments)) <= MAX_ERRORS

    job_id = signed_in.driver.current_url.rpartition("/")[2]
    canonical = json.loads(caller.transcript(job_id, "json"))
    _reads_along(signed_in, canonical)
    _finds(signed_in, name, canonical)
    _corrects(signed_in, canonical)
    for extension in ("txt", "srt", "vtt", "docx", "md", "tsv", "json"):
        signed_in.presses(f"Download as {extension.upper()}")
        saved = tmp_path / "downloads" / f"{Path(name).stem}.{extension}"
        signed_in.waits(saved.exists)
        expected = caller.http.get(f"jobs/{job_id}/transcript", params={"format": extension}, follow_redirects=True)
        assert saved.read_bytes() == expected.content
    assert "Sottovoce" not in caller.transcript(job_id, "txt"), "the correction was taken back"

    signed_in.presses("Delete")
    signed_in.presses("Delete for good")
    signed_in.sees("Drop recordings here")
    assert not signed_in.row(name)
    assert caller.http.get(f"jobs/{job_id}").status_code == 404


def _reads_along(person: Person, canonical: dict[str, Any]) -> None:
    """The recording plays from the storage, and the word that is marked is the one that is spoken."""
    words = [word for segment in canonical["segments"] for word in segment["words"]]
    person.presses("Play")
    person.waits(lambda: person.hears()["time"] > 1.5)
    person.presses("Pause")
    now = person.hears()
    assert now["duration"] == pytest.approx(len(sample()) / RATE, abs=0.2)
    person.waits(lambda: person.hears()["paused"])
    _marks_the_spoken_word(person, words)

    asked = canonical["segments"][1]["words"][2]
    person.clicks_word(segment=1, word=2)
    person.waits(lambda: person.hears()["time"] >= asked["start"])
    person.presses("Pause")
    assert person.hears()["time"] - asked["start"] < 2
    _marks_the_spoken_word(person, words)

    beginning = canonical["segments"][0]["start"]
    person.presses(f"Listen from {int(beginning // 60)}:{int(beginning % 60):02}")
    person.waits(lambda: beginning <= person.hears()["time"] < beginning + 2)
    person.presses("Pause")


def _finds(person: Person, name: str, canonical: dict[str, Any]) -> None:
    """A hit of the search leads to the second in which the word is said."""
    phrase = canonical["segments"][1]["words"][1:4]
    person.presses("Search")
    person.types("Words in your transcripts", '"' + " ".join(word["text"] for word in phrase) + '"')
    person.presses("Find")
    start = phrase[0]["start"]
    person.waits(lambda: _found(person, f"{name}, {int(start // 60)}:{int(start % 60):02}"))
    assert person.accessibility_faults() == []
    person.presses(f"{name}, {int(start // 60)}:{int(start % 60):02}")
    person.named("button", "Play")
    person.waits(lambda: person.hears()["time"] == pytest.approx(start, abs=0.1))
    _marks_the_spoken_word(person, [word for segment in canonical["segments"] for word in segment["words"]])


def _corrects(person: Person, canonical: dict[str, Any]) -> None:
    """A word is written anew where it is clicked, also when somebody else was faster, and taken back."""
    person.presses("Edit")
    person.clicks_word(segment=0, word=1)
    text = person.named("textarea", "What was said")
    assert text.get_attribute("value") == canonical["segments"][0]["text"]
    assert person.accessibility_faults() == []
    before = canonical["segments"][0]["words"][0]
    text.send_keys(Keys.HOME, "Sottovoce ")
    person.presses("Save")
    person.waits(lambda: person.driver.find_element(By.CSS_SELECTOR, "[data-segment] p").text.startswith("Sottovoce"))
    person.presses("Versions of this transcript (this is 2)")
    assert person.accessibility_faults() == []
    person.presses("Go back to version 1")
    person.sees("Back to version 1")
    assert person.driver.find_element(By.CSS_SELECTOR, "[data-segment] p").text.startswith(before["text"])


def _found(person: Person, hit: str) -> bool:
    """Whether the search shows the hit; until the index knows the transcript, it is asked again."""
    if "No transcript holds" in person.text():
        person.driver.refresh()
    return hit in person.text()


def _marks_the_spoken_word(person: Person, words: list[dict[str, Any]]) -> None:
    person.waits(lambda: person.hears()["paused"])
    time = person.hears()["time"]
    begun = [word for word in words if word["start"] <= time]
    person.waits(lambda: person.spoken() == begun[-1]["text"])


def test_a_recording_is_named_and_found_by_its_tag(signed_in: Person, caller: Caller, tmp_path: Path) -> None:
    path = write(tmp_path / "0412.flac", sample(), FORMS["flac"])
    job, other = (caller.wait(caller.submit(path, "audio/flac")["id"]) for _ in range(2))
    signed_in.opens(f"#/recordings/{job['id']}")
    signed_in.presses("Title and tags")
    signed_in.types("Title", "The ferryman")
    signed_in.types("Tags", "river, by the water")
    assert signed_in.accessibility_faults() == []
    signed_in.presses("Save")
    signed_in.sees("Title and tags are saved.")
    signed_in.presses("river")
    signed_in.sees_in_row("The ferryman", "by the water")
    signed_in.waits(lambda: signed_in.row("The ferryman") and signed_in.recordings() == 1)
    # The other filters are unfolded: one of them is set.
    signed_in.chooses("Status", "Finished")
    signed_in.types("Title or file name", "FERRY")
    signed_in.waits(lambda: "text=FERRY" in signed_in.driver.current_url)
    signed_in.driver.refresh()
    signed_in.sees_in_row("The ferryman", "0412.flac")
    assert signed_in.recordings() == 1
    assert signed_in.named("input", "Tag").get_attribute("value") == "river"
    for size in (DESKTOP, PHONE):
        signed_in.look(*size, "dark")
        assert signed_in.accessibility_faults() == []
        assert not signed_in.wider_than_window()
    signed_in.chooses("Status", "Failed")
    signed_in.sees("No recording is like this.")
    signed_in.presses("Show all")
    signed_in.waits(lambda: signed_in.recordings() > 1)
    for one in (job, other):
        caller.http.delete(f"jobs/{one['id']}")


def test_a_recording_comes_from_a_link(signed_in: Person, caller: Caller) -> None:
    with serving() as files:
        files.content["/talks/by-link.ogg"] = (ROOT / "tests/audio/sample.ogg").read_bytes()
        signed_in.chooses("Model", "tiny.en")
        for name in ("by-link.ogg", "gone.ogg"):
            signed_in.types("Or paste a link to a recording", f"{files.url}/talks/{name}")
            signed_in.presses("Transcribe")
            signed_in.waits(lambda: signed_in.row(name))  # noqa: B023
        signed_in.sees_in_row("by-link.ogg", "Finished", TRANSCRIBED_WITHIN_S)
        signed_in.sees_in_row("gone.ogg", "source_not_found", TRANSCRIBED_WITHIN_S)
    signed_in.types("Or paste a link to a recording", "https://169.254.169.254/latest/a.ogg")
    signed_in.presses("Transcribe")
    refused = caller.http.post("jobs", json={"source_url": "https://169.254.169.254/latest/a.ogg"}).json()
    signed_in.sees(refused["detail"])
    assert signed_in.accessibility_faults() == []
    for job in caller.http.get("jobs").json()["jobs"]:
        if job["name"] in ("by-link.ogg", "gone.ogg"):
            caller.http.delete(f"jobs/{job['id']}")


def test_speakers_are_asked_for_named_and_renamed(
    signed_in: Person, stack: Any, caller: Caller, tmp_path: Path
) -> None:
    signed_in.chooses("Model", "tiny.en")
    signed_in.named("input", "Say who says what").click()
    signed_in.types("People who speak, at most (if you know it)", "2")
    assert signed_in.accessibility_faults() == []
    signed_in.uploads(write(tmp_path / "two people.flac", sample(), FORMS["flac"]))
    signed_in.sees_in_row("two people.flac", "Finished", TRANSCRIBED_WITHIN_S)
    (job,) = caller.http.get("jobs", params={"text": "two people"}).json()["jobs"]
    assert (job["options"]["speakers"], job["options"]["max_speakers"]) == (True, 2)

    names = _tells_two_apart(stack, json.loads(caller.transcript(job["id"], "json")))
    signed_in.presses("two people.flac")
    signed_in.sees(names[0])
    signed_in.presses(f"Rename {names[1]}")
    signed_in.types(f"New name of {names[1]}", "Ada")
    signed_in.presses("Save")
    signed_in.sees("Ada is the name now.")
    signed_in.waits(lambda: signed_in.driver.switch_to.active_element.accessible_name == "Rename Ada")
    for size in (DESKTOP, PHONE):
        signed_in.look(*size, "dark")
        assert signed_in.accessibility_faults() == []
        assert not signed_in.wider_than_window()
    assert "Ada" in caller.transcript(job["id"], "txt")
    caller.http.delete(f"jobs/{job['id']}")


def _tells_two_apart(stack: Any, transcript: dict[str, Any]) -> tuple[str, str]:
    """Say in the stored transcript that two people took turns: the recording has one, the laptop perhaps no model."""
    names = "Speaker 1", "Speaker 2"
    for number, segment in enumerate(transcript["segments"]):
        segment["speaker"] = names[number % 2]
    key = transcript_key(transcript["owner"], transcript["job_id"], transcript["attempt"])
    Aws(stack["endpoint_url"])("s3").put_object(Bucket=stack["bucket"], Key=key, Body=json.dumps(transcript).encode())
    return names


def test_whoever_waits_sees_what_is_before_a_recording(signed_in: Person, caller: Caller, tmp_path: Path) -> None:
    path = write(tmp_path / "queue.flac", sample(), FORMS["flac"])
    jobs = [caller.submit(path, "audio/flac", tags=["queue"], title=f"waits {number}") for number in range(6)]
    signed_in.opens("#/?tag=queue")
    signed_in.waits(lambda: "before it." in signed_in.text() or "It is next." in signed_in.text())
    assert signed_in.accessibility_faults() == []
    for number, job in enumerate(jobs):
        caller.wait(job["id"])
        signed_in.sees_in_row(f"waits {number}", "Finished")
        assert "before it." not in signed_in.row(f"waits {number}")
        caller.http.delete(f"jobs/{job['id']}")


def test_what_is_refused_is_explained(person: Person, stack: Any, tmp_path: Path) -> None:
    email, password = stack.credentials
    person.signs_in(email, "not the password")
    person.sees("The e-mail address or the password is not right.")
    person.types("Password", password)
    person.presses("Sign in")

    (tmp_path / "notes.txt").write_text("Not sound.")
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "letter.mp3").write_text("Dear Ada, this is no recording.\n" * 500)
    person.uploads(tmp_path / "notes.txt", tmp_path / "empty.mp3", tmp_path / "letter.mp3")
    person.sees_in_row("notes.txt", "Upload a sound or video recording.")
    person.sees_in_row("empty.mp3", "The file is empty")
    person.sees_in_row("letter.mp3", "not_a_recording", TRANSCRIBED_WITHIN_S)
    for name in ("notes.txt", "letter.mp3"):
        assert "Request id" in person.row(name)
    assert "Play the file on your machine" in person.row("letter.mp3")
    assert "Transcribe again" not in person.row("letter.mp3")
    person.presses("Delete letter.mp3")
    person.presses("Delete for good")
    person.waits(lambda: not person.row("letter.mp3"))


def test_a_large_upload_survives_a_lost_connection(signed_in: Person, caller: Caller, tmp_path: Path) -> None:
    name = "long evening.wav"
    recording = _large_recording(tmp_path / name)
    assert recording.stat().st_size > 100 * MB
    signed_in.chooses("Model", "tiny.en")
    _network(signed_in, upload_bytes_s=16 * MB)
    signed_in.uploads(recording)
    signed_in.waits(lambda: "MB of" in signed_in.row(name) and not signed_in.row(name).count(" 0 byte"))
    job = caller.http.get("jobs").json()["jobs"][0]
    signed_in.waits(lambda: caller.http.get(f"jobs/{job['id']}/upload/parts").json()["parts"])

    _network(signed_in, offline=True)
    signed_in.sees("You are offline")
    _network(signed_in)
    signed_in.sees_in_row(name, "Finished", TRANSCRIBED_WITHIN_S)
    jobs = [found for found in caller.http.get("jobs").json()["jobs"] if found["name"] == name]
    assert [found["id"] for found in jobs] == [job["id"]], "expected one job, whatever was tried again"
    assert word_errors(SAMPLE_TEXT, caller.transcript(job["id"], "txt")) <= MAX_ERRORS

    # A place far from the beginning is heard at once, without the bytes before it.
    signed_in.presses(name)
    signed_in.moves("Position", seconds=250)
    signed_in.presses("Play")
    signed_in.waits(lambda: 251 < signed_in.hears()["time"] < 270)
    caller.http.delete(f"jobs/{job['id']}")


def _large_recording(path: Path) -> Path:
    """The sample, then silence: 48 kHz, stereo, 32 bit, so that many bytes hold little to transcribe."""
    samples = np.repeat(sample(), 3)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(4)
        file.setframerate(48_000)
        file.writeframes(np.repeat((samples * 2**31 * 0.9).astype("<i4"), 2).tobytes())
        file.writeframes(bytes(104 * MB - samples.size * 8))
    return path


def _network(person: Person, *, offline: bool = False, upload_bytes_s: int = -1) -> None:
    person.driver.set_network_conditions(
        offline=offline, latency=0, download_throughput=-1, upload_throughput=upload_bytes_s
    )


def test_the_session_survives_a_reload_and_a_second_tab(signed_in: Person) -> None:
    signed_in.driver.refresh()
    signed_in.sees("Drop recordings here")
    assert "access" not in str(signed_in.driver.execute_script("return {...sessionStorage, ...localStorage}"))
    first = signed_in.driver.current_window_handle
    # What "Duplicate tab" does: a window with a copy of this one's session storage.
    signed_in.driver.execute_script("window.open(location.href)")
    signed_in.driver.switch_to.window(next(w for w in signed_in.driver.window_handles if w != first))
    signed_in.sees("Drop recordings here")
    signed_in.driver.close()
    signed_in.driver.switch_to.window(first)
    signed_in.driver.refresh()
    signed_in.sees("Drop recordings here")
    signed_in.presses("Account")
    signed_in.presses("Sign out")
    signed_in.named("input", "Password")
    signed_in.driver.refresh()
    signed_in.named("input", "Password")


def test_a_password_that_somebody_else_chose_must_be_changed(person: Person, stack: Any) -> None:
    given, own = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    users = DynamoUsers(Aws(stack["endpoint_url"])("dynamodb"), stack["table"])
    create_admin(users, Argon2Passwords(), "newcomer@example.org", given, must_change_password=True)
    person.signs_in("newcomer@example.org", given)
    person.sees("Choose your own before you go on.")
    person.opens("#/")  # there is no way around it
    person.sees("Choose your own before you go on.")
    for old, new, again, answer in (
        (given, own, given, "The two new passwords differ."),
        (given, "short", "short", "12 to 256 characters"),
        (own, own, own, "expected your present password"),
    ):
        _fills_in_passwords(person, old, new, again)
        person.sees(answer)
    _fills_in_passwords(person, given, own, own)
    person.sees("Nothing here yet")
    person.presses("Account")
    person.presses("Sign out")
    person.signs_in("newcomer@example.org", given)
    person.sees("The e-mail address or the password is not right.")


def test_an_administrator_sets_quotas(signed_in: Person, stack: Any, caller: Caller) -> None:
    users = DynamoUsers(Aws(stack["endpoint_url"])("dynamodb"), stack["table"])
    address = "limited@example.org"
    create_admin(users, Argon2Passwords(), address, secrets.token_urlsafe(12), must_change_password=True)
    signed_in.opens("#/users")
    signed_in.presses(f"Quotas of {address}")
    signed_in.sees("Audio this month: 0 sec")
    signed_in.types("Minutes of audio a month", "600")
    signed_in.types("Unfinished jobs", "0")
    signed_in.types("Stored (GB)", "2.5")
    assert signed_in.accessibility_faults() == []
    signed_in.look(*PHONE, "dark")
    assert signed_in.accessibility_faults() == []
    assert not signed_in.wider_than_window()
    signed_in.presses("Save")
    signed_in.sees("Minutes of audio a month: 600 · Unfinished jobs: no limit · Stored: 2.5 GB")
    (user,) = [one for one in caller.http.get("users").json()["users"] if one["email"] == address]
    assert user["quotas"] == {"minutes_a_month": 600, "concurrent_jobs": 0, "stored_bytes": 2_500_000_000}


def test_whoever_wants_it_is_mailed_when_a_recording_is_finished(
    signed_in: Person, stack: Any, caller: Caller, tmp_path: Path
) -> None:
    wish = "Mail me when a recording is finished or has failed"
    signed_in.opens("#/account")
    signed_in.named("input", wish).click()
    signed_in.sees("Your choice about mails is saved.")
    job = caller.submit(write(tmp_path / "to be mailed.flac", sample(), FORMS["flac"]), "audio/flac")
    link = f"{stack.web_url}/#/recordings/{job['id']}"
    signed_in.waits(lambda: link in sotto("mail", "--state", str(stack.state)).stdout, TRANSCRIBED_WITHIN_S)
    signed_in.driver.refresh()
    assert signed_in.named("input", wish).is_selected()
    assert "Audio this month" in signed_in.text()
    signed_in.named("input", wish).click()
    signed_in.waits(lambda: not caller.http.get("account").json()["user"]["job_mails"])
    caller.http.delete(f"jobs/{job['id']}")


@pytest.fixture
def one_time_password(stack: Any) -> Iterator[str]:
    """`sotto up` has made an administrator: without the lock behind them the service is as new as it is on AWS."""
    aws = Aws(stack["endpoint_url"])
    lock = {"pk": {"S": "SYSTEM#BOOTSTRAP"}, "sk": {"S": "LOCK"}}
    aws("dynamodb").delete_item(TableName=stack["table"], Key=lock)
    names = [secret["Name"] for secret in aws("secretsmanager").list_secrets()["SecretList"]]
    (name,) = [name for name in names if "Bootstrap" in name]
    yield json.loads(aws("secretsmanager").get_secret_value(SecretId=name)["SecretString"])["password"]
    DynamoUsers(aws("dynamodb"), stack["table"]).lock_bootstrap()


def test_a_new_service_gets_its_first_administrator(one_time_password: str, person: Person) -> None:
    person.sees("Set up this service")
    assert person.accessibility_faults() == []
    person.types("One-time password", one_time_password)
    person.types("E-mail address", "first@example.org")
    _chooses(person, secrets.token_urlsafe(12))
    person.presses("Become administrator")
    person.sees("Nothing here yet")
    person.presses("Account")
    person.presses("Sign out")
    person.sees("Forgot your password?")  # the door is locked again


def test_the_links_in_mails_lead_to_an_account_and_to_a_new_password(
    signed_in: Person, stack: Any, caller: Caller
) -> None:
    person = signed_in
    address, first, second = "invited@example.org", secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    person.opens("#/users")
    person.types("E-mail address", address)
    person.presses("Send an invitation")
    person.sees(f"An invitation to {address} is on its way.")
    person.driver.get(_mailed_link(stack, address))
    person.sees("Open your account")
    assert person.accessibility_faults() == []
    _chooses(person, first)
    person.presses("Open account")
    person.sees("Nothing here yet")
    assert "invitation" not in person.driver.current_url

    person.presses("Account")
    person.presses("Your account")
    person.types("What is the key for?", "nightly script")
    assert person.accessibility_faults() == []
    person.presses("Make key")
    person.sees("shown this once")
    key = person.driver.find_element(By.CSS_SELECTOR, ".secret code").text
    with caller.asks_with(key) as program:
        assert program.get("jobs").json() == {"jobs": [], "next_cursor": None}
    person.presses("I have it")
    person.presses("Revoke nightly script")
    person.presses("Revoke")
    person.sees("You have no API keys.")
    person.presses("Sign out everywhere")

    person.presses("Forgot your password?")
    person.types("E-mail address", address)
    assert person.accessibility_faults() == []
    person.presses("Send the mail")
    person.sees("is on its way")
    person.driver.get(_mailed_link(stack, address))
    person.driver.refresh()  # only the fragment has changed
    _chooses(person, second)
    person.presses("Save password")
    person.sees("Your password is changed.")
    person.presses("Sign in")
    person.signs_in(address, second)
    person.sees("Nothing here yet")

    person.opens("#/sign-up")
    person.types("E-mail address", "somebody@example.org")
    person.presses("Send the mail")
    person.sees("Ask an administrator to invite you.")  # on a laptop sign-up is not open


def _chooses(person: Person, password: str) -> None:
    person.types("New password", password)
    person.types("New password, once more", password)


def _mailed_link(stack: Any, address: str) -> str:
    """The link in the newest mail to `address`, as `sotto mail` shows it."""
    shown = sotto("mail", "--state", str(stack.state)).stdout
    mail = next(text for text in shown.split("--- ") if f"To: {address}" in text)
    return next(line for line in mail.splitlines() if line.startswith(f"{stack.web_url}/#/"))


def _fills_in_passwords(person: Person, old: str, new: str, again: str) -> None:
    person.types("Present password", old)
    person.types("New password", new)
    person.types("New password, once more", again)
    person.presses("Save password")


def test_every_page_is_accessible_and_fits_the_window(
    person: Person, stack: Any, caller: Caller, tmp_path: Path
) -> None:
    job = caller.wait(caller.submit(write(tmp_path / "talk.flac", sample(), FORMS["flac"]), "audio/flac")["id"])

    def judge(page: str) -> None:
        for scheme in ("light", "dark"):
            for size in (DESKTOP, PHONE):
                person.look(*size, scheme)
                assert person.accessibility_faults() == [], f"{page}, {scheme}, {size}"
                assert not person.wider_than_window(), f"{page}, {scheme}, {size}"
        person.look(*DESKTOP)

    person.named("input", "Password")
    judge("sign in")
    person.signs_in(*stack.credentials)
    person.sees_in_row("talk.flac", "Finished")
    judge("recordings")
    person.presses("Delete talk.flac")
    judge("question")
    person.presses("Keep it")
    person.presses("Account")
    judge("menu")
    person.presses("Change password")
    person.named("input", "New password")
    judge("password")
    for fragment, text, page in (
        ("#/account", "Make key", "account"),
        ("#/users", "Send an invitation", "people"),
        ("#/search?q=nothing", "Find", "search"),
        ("#/audit", "audit-read", "audit log"),
        ("#/sign-up", "Send the mail", "ask for an account"),
    ):
        person.opens(fragment)
        person.sees(text)
        judge(page)
    person.opens(f"#/recordings/{job['id']}")
    person.named("button", "Play")
    judge("reader")
    person.presses("Transcribe again")
    person.named("dialog select", "Model")
    judge("choices for another attempt")
    person.presses("Cancel")
    person.presses("Edit")
    person.presses("Edit from 0:00")
    person.named("textarea", "What was said")
    judge("passage")
    person.presses("Cancel")
    person.opens("#/recordings/01ARZ3NDEKTSV4RRFFQ69G5FAV")
    person.sees("There is no such recording")
    judge("no such recording")
    caller.http.delete(f"jobs/{job['id']}")


def test_the_page_speaks_german(signed_in: Person) -> None:
    signed_in.chooses("Language of this page", "Deutsch")
    signed_in.sees("Aufnahmen hier ablegen")
    assert signed_in.driver.find_element(By.TAG_NAME, "html").get_attribute("lang") == "de"
    signed_in.driver.refresh()
    signed_in.sees("Aufnahmen hier ablegen")
    assert signed_in.accessibility_faults() == []


def test_the_keyboard_is_enough(signed_in: Person) -> None:
    """From the top of the page, Tab reaches everything in the order in which it is read."""
    signed_in.driver.refresh()
    signed_in.named("select", "Model")
    reached = [signed_in.tabs() for _ in range(12)]
    assert reached[:4] == ["Skip to content", "Sotto", "Search", "Language of this page"]
    assert reached[4:9] == ["Account", "Choose files", "Or paste a link to a recording", "Transcribe", "Model"]
    assert "Names and terms" in reached
