"""The form of an address that the service may call for a user. Where it leads is checked when it is used."""

from __future__ import annotations

from urllib.parse import urlsplit

from sotto.domain.errors import InvalidInput

MAX_URL_LENGTH = 2000


def check_url(url: str, *, plain_http: bool, key: str = "url") -> str:
    """`url` when it may have that form. Raises InvalidInput for `key`. `plain_http` is for laptops and tests."""
    expected = "an https URL with a host, without user, password or fragment"
    try:
        found = urlsplit(url)
        port_is_real = found.port is None or found.port > 0
    except ValueError:
        raise InvalidInput(key, expected=expected, found=url[:60]) from None
    schemes = ("https", "http") if plain_http else ("https",)
    good = found.scheme in schemes and found.hostname and "@" not in found.netloc and not found.fragment
    if not good or not port_is_real or len(url) > MAX_URL_LENGTH or not url.isascii() or not url.isprintable():
        raise InvalidInput(key, expected=expected, found=url[:60])
    return url
