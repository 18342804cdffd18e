"""A full rotation with living tokens, on real keys and real signatures."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sotto.adapters.ed25519_keys import private_key, public_key, public_x, thumbprint
from sotto.adapters.jwt_tokens import JwtSigner, JwtVerifier
from sotto.adapters.secrets_keyring import CACHE_S
from sotto.adapters.signing_key import CurrentKey
from sotto.domain.audit import Action, Origin
from sotto.domain.errors import StorageUnavailable, Unauthenticated
from sotto.domain.identity import Role
from sotto.domain.signing_keys import OVERLAP_MARGIN_S, SigningKeys
from sotto.domain.tokens import AccessClaims
from sotto.workflows.record_audit import RecordAudit
from sotto.workflows.rotate_keys import RotateKeys
from tests.fakes.identity import FakeAudit, FakeClock, FakeKeyring, FakeKeys

TTL_S = 900
ORIGIN = Origin("schedule", "r")


def public_of(seed: str) -> str:
    return public_x(private_key(seed))


@dataclass
class Issuer:
    """Signs as the auth function does, verifies as the authorizer does."""

    clock: FakeClock = field(default_factory=FakeClock)
    keyring: FakeKeyring = field(default_factory=lambda: FakeKeyring(SigningKeys("ab" * 32)))
    published: FakeKeys = field(default_factory=FakeKeys)
    log: FakeAudit = field(default_factory=FakeAudit)

    def issue(self) -> str:
        now = int(self.clock().timestamp())
        claims = AccessClaims("01ADA", Role.USER, "s", "j", now, now + TTL_S)
        return JwtSigner("urn:sotto:test", "sotto-api", CurrentKey(self.keyring, self.published)).issue(claims)

    def accepts(self, token: str) -> bool:
        def key_of(kid: str) -> Ed25519PublicKey | None:
            known = {thumbprint(x): x for x in self.published.published(int(self.clock().timestamp()))}
            return public_key(known[kid]) if kid in known else None

        try:
            JwtVerifier("urn:sotto:test", "sotto-api", key_of, self.clock).verify(token)
        except Unauthenticated:
            return False
        return True

    def rotate(self, *, leaked: bool = False) -> str:
        audit = RecordAudit(self.log, self.clock, lambda: "id")
        rotation = RotateKeys(self.keyring, self.published, public_of, audit, self.clock, TTL_S)
        return rotation(leaked=leaked, origin=ORIGIN, by="schedule")


def test_living_tokens_survive_a_rotation_until_they_expire() -> None:
    issuer = Issuer()
    old = issuer.issue()
    signing = issuer.rotate()
    new = issuer.issue()

    assert signing == public_of(issuer.keyring.read().seed)
    assert issuer.accepts(old)
    assert issuer.accepts(new)
    issuer.clock.advance(TTL_S - 1)
    assert issuer.accepts(old)
    assert issuer.log.entries[0].action is Action.SIGNING_KEYS_ROTATED


def test_the_old_key_goes_after_the_overlap() -> None:
    issuer = Issuer()
    issuer.issue()
    old = public_of("ab" * 32)
    issuer.rotate()
    assert old in issuer.published.published(int(issuer.clock().timestamp()))
    issuer.clock.advance(TTL_S + OVERLAP_MARGIN_S)
    assert old not in issuer.published.published(int(issuer.clock().timestamp()))


def test_a_process_that_still_signs_with_the_old_key_is_believed_for_the_overlap() -> None:
    issuer = Issuer()
    issuer.issue()
    late = Issuer(issuer.clock, FakeKeyring(issuer.keyring.read()), issuer.published)
    issuer.rotate()
    issuer.clock.advance(CACHE_S)
    token = late.issue()
    issuer.clock.advance(TTL_S - 1)
    assert issuer.accepts(token)


def test_the_next_key_is_published_a_rotation_before_it_signs() -> None:
    issuer = Issuer()
    issuer.rotate()
    waiting = issuer.keyring.read().next_seed
    assert waiting is not None
    assert public_of(waiting) in issuer.published.published(0)
    assert issuer.rotate() == public_of(waiting)


def test_after_a_leak_also_a_key_that_was_retired_before_is_dead() -> None:
    issuer = Issuer()
    old = issuer.issue()
    issuer.rotate()
    assert issuer.accepts(old)
    issuer.rotate(leaked=True)
    assert not issuer.accepts(old)


def test_after_a_leak_no_old_token_and_neither_old_key_is_believed() -> None:
    issuer = Issuer()
    issuer.rotate()
    old, waiting = issuer.issue(), issuer.keyring.read().next_seed
    assert waiting is not None
    issuer.rotate(leaked=True)

    assert not issuer.accepts(old)
    assert public_of(waiting) not in issuer.published.published(int(issuer.clock().timestamp()))
    assert issuer.accepts(issuer.issue())
    assert issuer.log.entries[-1].detail == "leaked"


def test_a_rotation_that_was_cut_off_is_finished_by_the_next() -> None:
    issuer = Issuer()
    issuer.issue()
    old = public_of("ab" * 32)

    class Failing(FakeKeys):
        def retire(self, x: str, at: int) -> None:
            raise StorageUnavailable("table: expected an answer, found none")

    kept = issuer.published
    failing = Failing()
    issuer.published = failing
    with pytest.raises(StorageUnavailable):
        issuer.rotate()
    issuer.published = kept  # the old key is published and not retired; the secret remembers it
    assert old in kept.published(10**12)
    issuer.rotate()
    assert old not in kept.published(10**12)


def test_retired_keys_leave_the_secret_when_they_have_ended() -> None:
    issuer = Issuer()
    for _ in range(4):
        issuer.rotate()
        issuer.clock.advance(30 * 86400)
    assert len(issuer.keyring.read().retired) == 1
