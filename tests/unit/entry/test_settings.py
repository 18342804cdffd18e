"""Settings: a wrong one names its key, the form and the fix, and nothing else."""

from __future__ import annotations

import pytest

from sotto.domain.errors import MisconfiguredSetting
from sotto.entry.settings import IntakeSettings, JobSettings, StoreSettings

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
