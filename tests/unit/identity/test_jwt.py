"""Access tokens against everything that a forger tries."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from sotto.adapters.ed25519_keys import jwk, private_key, public_key, public_x, thumbprint
from sotto.adapters.jwt_tokens import LEEWAY_S, JwtSigner, JwtVerifier
from sotto.domain.errors import MisconfiguredSetting, Unauthenticated
from sotto.domain.identity import Role
from sotto.domain.tokens import AccessClaims
from tests.fakes.identity import FakeAccessTokens, FakeClock

ISSUER, AUDIENCE = "urn:sotto:test", "sotto-api"
OURS, THEIRS = private_key("ab" * 32), private_key("cd" * 32)
OUR_X, THEIR_X = public_x(OURS), public_x(THEIRS)
KID = thumbprint(OUR_X)
NOW = int(FakeClock().now.timestamp())
CLAIMS = AccessClaims("01ADA", Role.USER, "family", "jti", NOW, NOW + 900)


def key_of(kid: str) -> Ed25519PublicKey | None:
    return public_key(OUR_X) if kid == KID else None


def verifier(clock: FakeClock | None = None) -> JwtVerifier:
    return JwtVerifier(ISSUER, AUDIENCE, key_of, clock or FakeClock())


def signer(issuer: str = ISSUER, audience: str = AUDIENCE) -> JwtSigner:
    return JwtSigner(issuer, audience, lambda: (KID, OURS))


def payload(**changes: Any) -> dict[str, Any]:
    facts = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "01ADA",
        "sid": "family",
        "jti": "jti",
        "iat": NOW,
        "exp": NOW + 900,
        "role": "user",
        **changes,
    }
    return {name: value for name, value in facts.items() if value is not None}


def signed(headers: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(payload(**changes), OURS, algorithm="EdDSA", headers={"kid": KID, **(headers or {})})


def part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def test_what_was_issued_is_verified() -> None:
    assert verifier().verify(signer().issue(CLAIMS)) == CLAIMS


def test_each_token_is_another_from_the_fake_as_from_ours() -> None:
    for tokens in (FakeAccessTokens(), signer()):
        assert len({tokens.issue(replace(CLAIMS, token_id=name)) for name in ("one", "two", "three")}) == 3


def forgeries() -> dict[str, str]:
    good = signed()
    head, body, signature = good.split(".")
    public_bytes = public_key(OUR_X).public_bytes(Encoding.Raw, PublicFormat.Raw)
    hmac_head = {"alg": "HS256", "typ": "JWT", "kid": KID}
    return {
        "nothing": "",
        "no token": "hello",
        "alg none": f"{part({'alg': 'none', 'kid': KID})}.{body}.",
        "alg none, upper case": f"{part({'alg': 'NONE', 'kid': KID})}.{body}.{signature}",
        "HMAC with the public key": jwt.encode(payload(), public_bytes, algorithm="HS256", headers=hmac_head),
        "tampered payload": f"{head}.{part(payload(role='admin'))}.{signature}",
        "tampered signature": f"{head}.{body}.{signature[:-4]}AAAA",
        "no signature": f"{head}.{body}.",
        "another service's key": jwt.encode(payload(), THEIRS, algorithm="EdDSA", headers={"kid": thumbprint(THEIR_X)}),
        "another key under our kid": jwt.encode(payload(), THEIRS, algorithm="EdDSA", headers={"kid": KID}),
        "a key of its own": jwt.encode(payload(), THEIRS, algorithm="EdDSA", headers={"kid": KID, "jwk": jwk(THEIR_X)}),
        "no kid": jwt.encode(payload(), OURS, algorithm="EdDSA"),
        "kid of a strange form": signed({"kid": "../../etc/passwd"}),
        "wrong issuer": signer(issuer="urn:evil").issue(CLAIMS),
        "wrong audience": signer(audience="other-api").issue(CLAIMS),
        "audience among others": signed(aud=[AUDIENCE, "other-api"]),
        "expired": signed(exp=NOW - LEEWAY_S),
        "from the future": signed(iat=NOW + LEEWAY_S + 1),
        "unknown role": signed(role="root"),
        "fractional expiry": signed(exp=float("1e12")),
        "expiry as text": signed(exp="9999999999"),
        "too long": signed(padding="x" * 3000),
        **{f"without {name}": signed(**{name: None}) for name in payload()},
    }


@pytest.mark.parametrize("name", forgeries())
def test_a_forgery_is_refused_and_never_repeated(name: str) -> None:
    token = forgeries()[name]
    with pytest.raises(Unauthenticated) as refusal:
        verifier().verify(token)
    assert refusal.value.__cause__ is None
    assert not token or token not in str(refusal.value)


@given(st.integers(0, 2000), st.characters(codec="ascii"))
def test_no_changed_character_passes(position: int, character: str) -> None:
    good = signed()
    position %= len(good)
    bad = good[:position] + character + good[position + 1 :]
    head, body, signature = good.split(".")
    same_bits = position == len(good) - 1 and bad.startswith(f"{head}.{body}.{signature[:-1]}")
    if bad == good or same_bits:  # the last base64url character holds two unused bits
        return
    with pytest.raises(Unauthenticated):
        verifier().verify(bad)


def test_a_token_ends_when_it_says() -> None:
    clock = FakeClock()
    token = signer().issue(CLAIMS)
    clock.advance(900 + LEEWAY_S - 1)
    verifier(clock).verify(token)
    clock.advance(1)
    with pytest.raises(Unauthenticated, match="expired"):
        verifier(clock).verify(token)


def test_the_thumbprint_is_rfc_8037s_example() -> None:
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"  # RFC 8037, A.3
    assert thumbprint(x) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert jwk(x)["kid"] == thumbprint(x)


def test_the_seed_is_rfc_8037s_example() -> None:
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").hex()
    assert public_x(private_key(seed)) == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


@pytest.mark.parametrize("seed", ["", "ab", "AB" * 32, "xy" * 32])
def test_a_broken_seed_is_named_but_not_shown(seed: str) -> None:
    with pytest.raises(MisconfiguredSetting, match="64 hex digits") as refusal:
        private_key(seed)
    assert not seed or seed not in str(refusal.value)
