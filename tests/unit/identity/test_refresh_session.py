"""Rotating refresh tokens: each works once, a repeat within seconds is forgiven, an old one ends the family."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sotto.domain.errors import Unauthenticated
from sotto.domain.tokens import REPEAT_S, Session, new_refresh_token, parse_refresh_token
from sotto.workflows.refresh_session import RefreshSession
from tests.fakes.identity import FakeSessions
from tests.unit.identity.conftest import EMAIL, HOME, PASSWORD, REFRESH_TTL, Service


def test_each_refresh_gives_another_token_of_the_same_family(service: Service) -> None:
    first = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    second = service.refresh(first, HOME).refresh_token
    third = service.refresh(second, HOME).refresh_token

    assert len({first, second, third}) == 3
    assert len({parse_refresh_token(token).family for token in (first, second, third)}) == 1


def test_a_lost_answer_may_be_asked_for_again_and_is_the_same(service: Service) -> None:
    first = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    second = service.refresh(first, HOME).refresh_token
    service.clock.advance(REPEAT_S)

    assert service.refresh(first, HOME).refresh_token == second
    assert service.refresh(second, HOME).refresh_token != second  # and the family lives on


def test_reuse_after_the_grace_ends_the_whole_family(service: Service) -> None:
    first = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    second = service.refresh(first, HOME).refresh_token
    service.clock.advance(REPEAT_S + 1)

    with pytest.raises(Unauthenticated):
        service.refresh(first, HOME)
    with pytest.raises(Unauthenticated):
        service.refresh(second, HOME)


def test_a_token_two_steps_old_ends_the_family_at_once(service: Service) -> None:
    first = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    second = service.refresh(first, HOME).refresh_token
    third = service.refresh(second, HOME).refresh_token

    with pytest.raises(Unauthenticated):
        service.refresh(first, HOME)
    with pytest.raises(Unauthenticated):
        service.refresh(third, HOME)


def test_other_sign_ins_survive_a_stolen_family(service: Service) -> None:
    phone = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    laptop = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    service.refresh(phone, HOME)
    service.clock.advance(REPEAT_S + 1)
    with pytest.raises(Unauthenticated):
        service.refresh(phone, HOME)

    assert service.refresh(laptop, HOME).refresh_token != laptop


def test_a_token_dies_of_age_but_each_refresh_prolongs_it(service: Service) -> None:
    token = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    service.clock.advance(REFRESH_TTL.total_seconds() - 1)
    token = service.refresh(token, HOME).refresh_token
    service.clock.advance(REFRESH_TTL.total_seconds())
    with pytest.raises(Unauthenticated):
        service.refresh(token, HOME)


def test_a_disabled_account_cannot_refresh_and_its_session_ends(service: Service) -> None:
    token = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    service.users.change("01ADA", disabled=True)
    with pytest.raises(Unauthenticated):
        service.refresh(token, HOME)
    service.users.change("01ADA", disabled=False)
    with pytest.raises(Unauthenticated):
        service.refresh(token, HOME)


@pytest.mark.parametrize(
    "text", ["", "rt_", "rt_a.b", "rt_a.b.c.d", "rt_..", "eyJh.eyJh.x", "rt_" + "a" * 300 + ".b.c"]
)
def test_what_is_no_refresh_token_is_refused(service: Service, text: str) -> None:
    with pytest.raises(Unauthenticated):
        service.refresh(text, HOME)


def test_an_invented_token_is_refused(service: Service) -> None:
    with pytest.raises(Unauthenticated):
        service.refresh(str(new_refresh_token("01ADA")), HOME)


@dataclass
class RacingSessions(FakeSessions):
    """Another tab exchanges the same token between this caller's read and write."""

    def __post_init__(self) -> None:
        super().__init__()
        self.other_tab: RefreshSession | None = None
        self.presented = ""
        self.others_token = ""

    def rotate(self, before: Session, after: Session) -> bool:
        if self.other_tab is not None:
            other, self.other_tab = self.other_tab, None
            self.others_token = other(self.presented, HOME).refresh_token
        return super().rotate(before, after)


def test_two_tabs_at_once_get_the_same_next_token(service: Service) -> None:
    racing = RacingSessions()
    service.sessions = racing
    racing.presented = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    racing.other_tab = service.refresh

    assert service.refresh(racing.presented, HOME).refresh_token == racing.others_token


def test_sign_out_ends_the_session_and_never_complains(service: Service) -> None:
    token = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    service.sign_out("nonsense")
    service.sign_out(token)
    service.sign_out(token)
    with pytest.raises(Unauthenticated):
        service.refresh(token, HOME)
