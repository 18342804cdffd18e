"""Put the next signing key to work, and let the old one verify until its last token has expired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sotto.domain.audit import Action, Origin
from sotto.domain.signing_keys import rotated_keys
from sotto.workflows.identity_ports import Clock, Keyring, PublishedKeys
from sotto.workflows.record_audit import RecordAudit


@dataclass(frozen=True)
class RotateKeys:
    """`public_of(seed)` is the public half; this room knows no cryptography."""

    keyring: Keyring
    published: PublishedKeys
    public_of: Callable[[str], str]
    audit: RecordAudit
    clock: Clock
    access_ttl_s: int

    def __call__(self, *, leaked: bool, origin: Origin, by: str) -> str:
        """Rotate, and return the public half that signs from now on. `leaked` kills every living token at once.

        New keys are published before they can sign. The old ones are retired after the secret was written: a crash
        in between leaves them published, and the next rotation retires them, since the secret remembers.
        """
        now = int(self.clock().timestamp())
        before = self.keyring.read_now()
        after = rotated_keys(before, self.public_of(before.seed), now, self.access_ttl_s, leaked=leaked)
        for seed in (after.seed, after.next_seed):
            if seed is not None:
                self.published.publish(self.public_of(seed))
        self.keyring.write(after)
        if leaked and before.next_seed:
            self.published.retire(self.public_of(before.next_seed), now)
        for public, until in after.retired:
            self.published.retire(public, until)
        self.audit(Action.SIGNING_KEYS_ROTATED, "signing keys", origin, by=by, detail="leaked" if leaked else "planned")
        return self.public_of(after.seed)
