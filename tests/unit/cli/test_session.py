"""Which service, and as whom: login, logout, renewal, the stack of this machine."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pytest

from sotto.cli import session
from sotto.cli.main import main
from sotto.client import Unauthenticated
from sotto.domain.errors import InvalidInput
from tests.unit.cli.conftest import Service, problem


def login(service: Service, monkeypatch: pytest.MonkeyPatch, lines: str = "correct horse\n") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    return main(["login", service.url + "/v1/", "--email", "a@b.c", "--password-stdin"])


def stored(home: Path) -> list[dict[str, str]]:
    return list(json.loads((home / ".config" / "sotto" / "logins.json").read_text())["logins"])


def test_a_login_is_kept_without_the_password_and_for_its_owner_only(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert login(service, monkeypatch) == 0
    path = home / ".config" / "sotto" / "logins.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "correct horse" not in path.read_text()
    (entry,) = stored(home)
    assert entry["service"] == service.url
    assert main(["jobs", "list"]) == 0


def test_a_wrong_password_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert login(service, monkeypatch, "wrong\n") == 5
    assert "expected a known pair (unauthenticated)" in capsys.readouterr().err
    assert login(service, monkeypatch, "\n") == 2


def test_a_password_that_must_be_changed_is_changed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.must_change = True
    assert login(service, monkeypatch, "correct horse\nbattery staple\n") == 0
    assert service.password == "battery staple"


def test_a_password_is_asked_for_and_asked_twice_when_new(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service.must_change = True
    answers = iter(["correct horse", "new one", "another"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(answers))
    monkeypatch.setattr("sys.stdin", io.StringIO("a@b.c\n"))
    assert main(["login", service.url]) == 2
    assert "expected the same twice" in capsys.readouterr().err


def test_an_expired_token_is_renewed_and_the_new_one_kept(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(service, monkeypatch)
    before = stored(home)
    service.tokens.clear()
    assert main(["jobs", "list"]) == 0
    after = stored(home)
    assert after != before
    assert main(["jobs", "list"]) == 0
    assert len(service.asked("POST", "/v1/auth/refresh")) == 1


def test_commands_at_once_renew_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    login(service, monkeypatch)
    service.tokens.clear()
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(list(session.connect(None).list_jobs()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[], [], [], []]
    assert len(service.asked("POST", "/v1/auth/refresh")) == 1


def test_a_session_that_has_ended_is_forgotten(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    login(service, monkeypatch)
    service.tokens.clear()
    service.refresh.clear()
    assert main(["jobs", "list"]) == 5
    assert stored(home) == []
    assert main(["jobs", "list"]) == 5
    assert "sotto login" in capsys.readouterr().err


def test_logout_ends_the_session_at_the_service_too(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    login(service, monkeypatch)
    assert main(["logout", service.url]) == 0
    assert service.refresh == {}
    assert stored(home) == []
    assert main(["logout", service.url]) == 2
    login(service, monkeypatch)
    service.trouble = [("POST", "/v1/auth/sign-out", *problem(400, "rejected", "no")) for _ in range(1)]
    assert main(["logout", service.url]) == 0
    assert "did not end the session" in capsys.readouterr().err
    assert stored(home) == []


def test_the_stack_of_this_machine_comes_before_a_login(
    local: Service, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Service() as elsewhere:
        login(elsewhere, monkeypatch)
        assert session.connect(None).base == f"{local.url}/v1"
        assert session.connect(elsewhere.url).base == f"{elsewhere.url}/v1"
    (home / ".config" / "sotto" / "local.json").unlink()
    assert session.connect(None).base == f"{elsewhere.url}/v1"


def test_a_stack_that_crashed_is_not_believed(local: Service, tmp_path: Path) -> None:
    status = json.loads((tmp_path / "status.json").read_text())
    (tmp_path / "status.json").write_text(json.dumps({**status, "pid": 2**22 - 1}))
    assert session.local_stack() is None
    with pytest.raises(Unauthenticated):
        session.connect(None)


def test_addresses_are_stored_in_one_form() -> None:
    assert session.address("https://sotto.example.org/v1/") == "https://sotto.example.org"
    with pytest.raises(InvalidInput, match="http://"):
        session.address("sotto.example.org")


# --- API keys


def test_a_key_is_tried_and_kept(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service.keys["sk_good"] = {}
    monkeypatch.setattr("sys.stdin", io.StringIO("sk_wrong\n"))
    assert main(["login", service.url, "--key-stdin"]) == 5
    monkeypatch.setattr("sys.stdin", io.StringIO("sk_good\n"))
    assert main(["login", service.url, "--key-stdin"]) == 0
    assert [entry["key"] for entry in stored(home)] == ["sk_good"]
    assert main(["jobs", "list"]) == 0
    assert main(["logout", service.url]) == 0
    assert service.asked("POST", "/v1/auth/.*") == [], "a key has no session to begin or end"


def test_a_named_key_goes_before_every_session(
    local: Service, monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    local.keys["sk_good"] = {}
    assert main(["jobs", "list", "--key", "sk_good"]) == 0
    monkeypatch.setenv("SOTTO_API_KEY", "sk_good")
    assert main(["jobs", "list"]) == 0
    assert local.asked("POST", "/v1/auth/.*") == []
    monkeypatch.setenv("SOTTO_API_KEY", "sk_wrong")
    assert main(["jobs", "list"]) == 5, "a key that is refused is not replaced by somebody else's rights"
    with Service() as elsewhere:
        elsewhere.keys["sk_other"] = {}
        assert main(["jobs", "list", "--service", elsewhere.url, "--key", "sk_other"]) == 0
