"""Somebody else's server: asked of the fake, and of the real adapter over a real socket; then what only HTTP has."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from sotto.adapters.http_source import HttpSource
from sotto.domain.errors import InvalidInput, SottoError, SourceNotFound, SourceRefused, SourceUnavailable
from tests.fakes.sources import InMemorySources
from tests.integration.integrations.file_server import FileServer, serving

CONTENT = bytes(range(256)) * 1024
LOOPBACK, METADATA, PUBLIC = ip_address("127.0.0.1"), ip_address("169.254.169.254"), ip_address("93.184.216.34")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as found:
        found.content["/talk.wav"] = CONTENT
        yield found


@pytest.fixture(params=["memory", "http"])
def source(request: pytest.FixtureRequest):
    """(sources, what they serve, URL of the recording)"""
    if request.param == "memory":
        sources = InMemorySources({"https://example.org/talk.wav": CONTENT})
        return sources, sources, "https://example.org/talk.wav"
    server = request.getfixturevalue("server")
    return HttpSource(loopback=True, agent="tests"), server, f"{server.url}/talk.wav"


@pytest.mark.parametrize("says_size", [True, False])
def test_a_recording_comes_whole_with_what_is_known_of_it(source, *, says_size: bool) -> None:
    sources, served, url = source
    served.says_size = says_size
    with sources.open(url, first_byte=0, validator=None) as download:
        assert (download.first_byte, download.facts.validator) == (0, '"1"')
        assert download.facts.size_bytes == (len(CONTENT) if says_size else None)
        assert b"".join(download.chunks) == CONTENT


def test_the_rest_comes_when_the_source_still_is_the_same(source) -> None:
    sources, served, url = source
    with sources.open(url, first_byte=1000, validator='"1"') as download:
        assert (download.first_byte, download.facts.size_bytes) == (1000, len(CONTENT))
        assert b"".join(download.chunks) == CONTENT[1000:]
    served.validator = '"2"'
    with sources.open(url, first_byte=1000, validator='"1"') as download:
        assert (download.first_byte, download.facts.validator) == (0, '"2"')
        assert b"".join(download.chunks) == CONTENT


def test_a_source_without_ranges_begins_at_its_start(source) -> None:
    sources, served, url = source
    served.ranges = False
    with sources.open(url, first_byte=1000, validator='"1"') as download:
        assert download.first_byte == 0


def test_what_is_not_there_is_not_found(source) -> None:
    sources, _, url = source
    with pytest.raises(SourceNotFound), sources.open(f"{url}.gone", first_byte=0, validator=None):
        pass


def fails(url: str, error: type[SottoError], *, loopback: bool = True, **more) -> SottoError:
    """The error of one try at `url`, read to its end."""
    with (
        pytest.raises(error) as caught,
        HttpSource(loopback=loopback, agent="tests", quiet_s=2, **more).open(
            url, first_byte=0, validator=None
        ) as found,
    ):
        b"".join(found.chunks)
    return caught.value


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, SourceRefused),
        (403, SourceRefused),
        (204, SourceRefused),
        (410, SourceNotFound),
        (429, SourceUnavailable),
        (500, SourceUnavailable),
        (503, SourceUnavailable),
    ],
)
def test_each_status_has_its_meaning(server: FileServer, status: int, error: type[SottoError]) -> None:
    server.says["/talk.wav"] = status, {"Retry-After": "7"}
    found = fails(f"{server.url}/talk.wav?token=secret", error)
    assert str(status) in found.message
    assert "secret" not in found.message
    assert not isinstance(found, SourceUnavailable) or found.retry_after_s == 7


def test_a_connection_that_ends_early_may_be_tried_again(server: FileServer) -> None:
    server.cut = 1000
    assert "1000" in fails(f"{server.url}/talk.wav", SourceUnavailable).message


def test_nobody_there_may_be_tried_again() -> None:
    with serving() as gone:
        pass
    fails(f"{gone.url}/talk.wav", SourceUnavailable)


def test_redirects_are_followed_a_few_times(server: FileServer) -> None:
    server.says["/moved"] = 302, {"Location": "/talk.wav#t=10"}
    with HttpSource(loopback=True, agent="tests").open(f"{server.url}/moved", first_byte=0, validator=None) as found:
        assert b"".join(found.chunks) == CONTENT
    server.says["/round"] = 302, {"Location": "/round"}
    assert "redirects" in fails(f"{server.url}/round", SourceRefused).message
    assert len(server.got) == 2 + 6


@pytest.mark.parametrize(
    "location", ["ftp://example.org/a", "https://user:pass@example.org/", "file:///etc/passwd", ""]
)
def test_a_redirect_to_another_kind_of_address_is_refused(server: FileServer, location: str) -> None:
    server.says["/moved"] = 302, {"Location": location or "https://"}
    fails(f"{server.url}/moved", SourceRefused)


def test_a_redirect_into_our_own_network_is_refused(server: FileServer) -> None:
    """The first host is the internet's for the guard; the second is where cloud credentials lie."""
    server.says["/moved"] = 302, {"Location": "http://169.254.169.254/latest/meta-data/"}
    assert "169.254.169.254" in fails(f"{server.url}/moved", SourceRefused).message


@pytest.mark.parametrize("found", [[METADATA], [LOOPBACK], [PUBLIC, METADATA], []])
def test_an_address_that_is_not_the_internets_is_refused(found: list) -> None:
    fails("https://files.example.org/a.wav", SourceRefused, loopback=False, resolve=lambda host, port: found)
    source = HttpSource(loopback=False, agent="tests", resolve=lambda host, port: found)
    with pytest.raises(InvalidInput, match="source_url"):
        source.check("https://files.example.org/a.wav")


def test_the_address_that_was_checked_is_the_one_that_is_used(server: FileServer) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int):
        asked.append(host)
        return [LOOPBACK] if len(asked) == 1 else [METADATA]

    url = server.url.replace("127.0.0.1", "rebinding.example.org")
    source = HttpSource(loopback=True, agent="tests", resolve=resolve)
    with source.open(f"{url}/talk.wav", first_byte=0, validator=None) as found:
        assert b"".join(found.chunks) == CONTENT
    assert asked == ["rebinding.example.org"]
