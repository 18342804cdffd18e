"""The signing secret, and real argon2id."""

from __future__ import annotations

import json

import pytest
from mypy_boto3_secretsmanager import SecretsManagerClient

from sotto.adapters.argon2_passwords import Argon2Passwords
from sotto.adapters.ed25519_keys import private_key, public_x, thumbprint
from sotto.adapters.secrets_keyring import CACHE_S, SecretsKeyring
from sotto.adapters.signing_key import CurrentKey
from sotto.domain.errors import MisconfiguredSetting, StorageUnavailable
from sotto.domain.signing_keys import SigningKeys
from sotto.workflows.identity_ports import Passwords
from tests.fakes.identity import FakeKeyring, FakeKeys, FakePasswords

SEED = "ab" * 32
PASSWORD = "correct horse battery"


class Stopwatch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_secret_is_read_as_cloudformation_makes_it_and_kept_for_a_while(
    secrets_client: SecretsManagerClient,
) -> None:
    arn = secrets_client.create_secret(Name="as-made", SecretString=json.dumps({"retired": [], "seed": SEED}))["ARN"]
    watch = Stopwatch()
    keyring = SecretsKeyring(secrets_client, arn, monotonic=watch)
    assert keyring.read() == SigningKeys(SEED)

    rotated = SigningKeys("cd" * 32, "ef" * 32, (("x", 5),))
    SecretsKeyring(secrets_client, arn).write(rotated)
    assert keyring.read() == SigningKeys(SEED)
    watch.now += CACHE_S + 1
    assert keyring.read() == keyring.read_now() == rotated
    keyring.write(SigningKeys(SEED))
    assert keyring.read() == SigningKeys(SEED)
    assert SEED not in repr(keyring.read())


@pytest.mark.parametrize(
    "text", ["not json", "[]", "{}", '{"seed": "x", "retired": [5]}', '{"seed": "x", "retired": 5}']
)
def test_a_secret_of_another_form_is_named_with_its_fix(secrets_client: SecretsManagerClient, text: str) -> None:
    arn = secrets_client.create_secret(Name=f"broken-{text.encode().hex()}", SecretString=text)["ARN"]
    with pytest.raises(MisconfiguredSetting, match=r"SOTTO_SIGNING_SECRET.*Fix: "):
        SecretsKeyring(secrets_client, arn).read()


def test_a_missing_secret_is_the_worlds_fault(secrets_client: SecretsManagerClient) -> None:
    with pytest.raises(StorageUnavailable, match="ResourceNotFoundException"):
        SecretsKeyring(secrets_client, "none").read()


def test_a_key_is_published_before_it_signs() -> None:
    keyring, published = FakeKeyring(SigningKeys(SEED)), FakeKeys()
    current = CurrentKey(keyring, published)
    x = public_x(private_key(SEED))
    assert current()[0] == thumbprint(x)
    assert published.published(0) == [x]

    keyring.write(SigningKeys("cd" * 32))
    other = public_x(private_key("cd" * 32))
    assert current()[0] == thumbprint(other)
    assert published.published(0) == [x, other]


@pytest.fixture(params=["fake", "argon2"])
def passwords(request: pytest.FixtureRequest) -> Passwords:
    return FakePasswords() if request.param == "fake" else Argon2Passwords(memory_kib=64)


def test_a_hash_matches_its_password_only(passwords: Passwords) -> None:
    hashed = passwords.hash(PASSWORD)
    assert passwords.matches(PASSWORD, hashed)
    assert not passwords.matches(PASSWORD + "x", hashed)
    assert not passwords.matches(PASSWORD, None)
    assert not passwords.matches("nobody has this password", None)
    assert not passwords.is_outdated(hashed)


def test_hashes_are_argon2id_salted_and_renewed_when_weaker_than_today() -> None:
    weak, strong = Argon2Passwords(memory_kib=64), Argon2Passwords(memory_kib=128)
    hashed = weak.hash(PASSWORD)
    assert hashed.startswith("$argon2id$")
    assert hashed != weak.hash(PASSWORD)
    assert strong.is_outdated(hashed)
    assert strong.matches(PASSWORD, hashed)
    assert not strong.matches(PASSWORD, "not a hash")
