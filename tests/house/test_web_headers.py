"""docs/web.md tells every host which headers to send; the laptop's edge and CloudFront send the same."""

from __future__ import annotations

from pathlib import Path

from infra.local.edge import security_headers
from infra.local.template import load

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "web.md"
ONLY_WITH_TLS = "Strict-Transport-Security"


def _asked_for() -> dict[str, str]:
    block = PAGE.read_text().split("## What a host must do")[1].split("```text\n")[1].split("```")[0]
    return dict(line.split(": ", 1) for line in block.splitlines())


def _of_cloudfront() -> dict[str, str]:
    """The headers that CloudFront makes of the policy; every one must win over the origin's."""
    config = load(ROOT / "template.yaml")["Resources"]["WebHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security, custom = config["SecurityHeadersConfig"], config["CustomHeadersConfig"]["Items"]
    assert all(one["Override"] is True for one in (*security.values(), *custom))
    csp, variables = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    assert set(variables) == {"Storage"}
    tls = security["StrictTransportSecurity"]
    assert (tls["IncludeSubdomains"], tls["Preload"]) == (False, False)
    assert set(security) == {
        "ContentSecurityPolicy",
        "StrictTransportSecurity",
        "ContentTypeOptions",
        "ReferrerPolicy",
        "FrameOptions",
    }
    return {
        "Content-Security-Policy": csp.replace("${Storage}", "STORAGE"),
        ONLY_WITH_TLS: f"max-age={tls['AccessControlMaxAgeSec']}",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        **{one["Header"]: one["Value"] for one in custom},
    }


def test_the_edge_sends_what_the_page_asks_of_every_host() -> None:
    asked = _asked_for()
    assert asked.pop(ONLY_WITH_TLS).startswith("max-age=63072000")
    assert security_headers("STORAGE") == asked


def test_cloudfront_sends_what_the_page_asks_of_every_host() -> None:
    assert _of_cloudfront() == _asked_for()


def test_the_policy_allows_no_inline_code_and_no_other_origin() -> None:
    policy = _asked_for()["Content-Security-Policy"]
    for word in ("unsafe", "data:", "blob:", "http:", "https:", "*"):
        assert word not in policy
