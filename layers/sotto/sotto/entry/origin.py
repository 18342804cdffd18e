"""Where a request came from, as far as it can be believed.

API Gateway knows the machine that connected. Behind a proxy of our own (CloudFront) that is the proxy; the caller is
then the entry that the proxy appended to X-Forwarded-For. Entries further left were sent by the caller and mean
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sotto.domain.audit import Origin


def origin_of(event: Mapping[str, Any], trusted_proxies: int = 0) -> Origin:
    """`trusted_proxies` is how many proxies of our own stand before the gateway."""
    context = event.get("requestContext") or {}
    address = str((context.get("identity") or {}).get("sourceIp") or "unknown")
    if trusted_proxies:
        headers: Mapping[str, str] = event.get("headers") or {}
        forwarded = next((value for name, value in headers.items() if name.lower() == "x-forwarded-for"), "")
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        # The gateway appends the machine that connected, so the last entry is the nearest proxy.
        if len(hops) > trusted_proxies:
            address = hops[-1 - trusted_proxies]
    return Origin(address=address[:64], request_id=str(context.get("requestId") or "unknown"))
