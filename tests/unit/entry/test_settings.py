"""Settings: a wrong one names its key, the form and the fix, and nothing else."""

from __future__ import annotations

import pytest

from sotto.domain.errors import MisconfiguredSetting
from sotto.entry.settings import IntakeSettings, JobSettings, MailSettings, StoreSettings

GOOD = {"SOTTO_BUCKET": "b", "SOTTO_TABLE": "t"}


def test_a_process_reads_its_own_settings() -> None:
    settings = JobSettings.from_environment({**GOOD, "SOTTO_MODELS": "base, tiny.en", "OTHER": "1"})
    assert settings.offered_models == {"base", "tiny.en"}
    assert settings.stage == "local"


def test_the_real_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOTTO_BUCKET", "b")
    monkeypatch.setenv("SOTTO_TABLE", "t")
    assert StoreSettings.from_environment().table == "t"


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"SOTTO_BUCKET": "b"}, "SOTTO_TABLE: expected Name of the DynamoDB table, found 'nothing'"),
        ({**GOOD, "SOTTO_TABLE": " "}, "SOTTO_TABLE: expected Name of the DynamoDB table, found 'nothing'"),
        ({**GOOD, "SOTTO_TABLE": "changeme"}, "SOTTO_TABLE: expected a real value, found 'a placeholder'"),
        ({**GOOD, "SOTTO_TABLE": "<your table>"}, "found 'a placeholder'"),
    ],
)
def test_a_missing_setting_names_key_form_and_fix(environ: dict[str, str], says: str) -> None:
    with pytest.raises(MisconfiguredSetting) as caught:
        StoreSettings.from_environment(environ)
    assert says in caught.value.message
    assert "Fix: set the matching parameter in samconfig.toml" in caught.value.message


def test_a_number_in_the_wrong_form_shows_what_was_found() -> None:
    environ = {**GOOD, "SOTTO_FAST_QUEUE_URL": "f", "SOTTO_BULK_QUEUE_URL": "b", "SOTTO_PART_S": "soon"}
    with pytest.raises(MisconfiguredSetting, match=r"SOTTO_PART_S: expected Length of a part.*found 'soon'"):
        IntakeSettings.from_environment(environ)


SMTP = {
    "SOTTO_TABLE": "t",
    "SOTTO_MAIL": "smtp",
    "SOTTO_MAIL_FROM": "sotto@sotto.org",
    "SOTTO_SMTP_HOST": "smtp.sotto.org",
    "SOTTO_SMTP_SECRET": "sotto/smtp",
}


def test_mail_by_smtp_defaults_to_submission_over_starttls() -> None:
    settings = MailSettings.from_environment(SMTP)
    assert (settings.smtp_port, settings.smtp_tls) == (587, "starttls")


@pytest.mark.parametrize("key", ["SOTTO_MAIL_FROM", "SOTTO_SMTP_HOST", "SOTTO_SMTP_SECRET"])
def test_what_smtp_needs_is_missed_by_name(key: str) -> None:
    with pytest.raises(
        MisconfiguredSetting, match=f"{key}: expected .*found 'nothing'. Fix: set the matching parameter"
    ):
        MailSettings.from_environment({**SMTP, key: ""})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SOTTO_MAIL", "pigeon"),
        ("SOTTO_MAIL_FROM", "sotto@sotto.org\r\nBcc: eve@sotto.org"),
        ("SOTTO_MAIL_FROM", "nobody"),
        ("SOTTO_SMTP_HOST", "https://smtp.sotto.org"),
        ("SOTTO_SMTP_PORT", "smtp"),
        ("SOTTO_SMTP_TLS", "none"),
    ],
)
def test_a_way_out_for_mail_in_the_wrong_form_names_its_key(key: str, value: str) -> None:
    with pytest.raises(MisconfiguredSetting, match=f"{key}: expected .*Fix: "):
        MailSettings.from_environment({**SMTP, key: value})
