"""The ways to an account, and what administrators do with it."""

from __future__ import annotations

import pytest

from sotto.domain.audit import Action, Outcome
from sotto.domain.errors import (
    AlreadyExists,
    Forbidden,
    InvalidInput,
    LimitReached,
    NotFound,
    StorageUnavailable,
    Unauthenticated,
    WrongState,
)
from sotto.domain.identity import Role
from sotto.domain.one_time_tokens import INVITATION_LIFE, RESET_LIFE
from sotto.domain.quotas import OwnQuotas
from tests.unit.identity.conftest import ADA, EMAIL, HOME, ONE_TIME, PASSWORD, ROOT, WEB, Service, ada

GRACE = "grace@example.org"
NEW = "an entirely new one"


def test_an_invitation_opens_one_account_with_the_role_it_names(service: Service) -> None:
    service.open_account.invite(ROOT, " Grace@Example.org", Role.OPERATOR, HOME)
    mail = service.mailer.sent[0]
    assert mail.to == GRACE
    assert f"{WEB}/#/sign-up?invitation=iv_" in mail.text  # behind '#', so that no server sees it

    user = service.open_account.accept(service.mailed_token(), PASSWORD, HOME)
    assert (user.email, user.role) == (GRACE, Role.OPERATOR)
    service.sign_in(GRACE, PASSWORD, HOME)
    with pytest.raises(InvalidInput, match="invitation"):
        service.open_account.accept(service.mailed_token(), PASSWORD, HOME)
    assert service.actions() == [Action.INVITED, Action.SIGN_UP, Action.SIGN_IN]


def test_an_invitation_ends_after_a_week(service: Service) -> None:
    service.open_account.invite(ROOT, GRACE, Role.USER, HOME)
    service.clock.advance(INVITATION_LIFE.total_seconds())
    with pytest.raises(InvalidInput):
        service.open_account.accept(service.mailed_token(), PASSWORD, HOME)


@pytest.mark.parametrize("token", ["", "iv_", "iv_0001", "iv_0001.wrong", "pw_0001.x", "iv_" + "x" * 300 + ".y"])
def test_a_wrong_invitation_is_refused(service: Service, token: str) -> None:
    service.open_account.invite(ROOT, GRACE, Role.USER, HOME)
    with pytest.raises(InvalidInput, match="neither used nor expired"):
        service.open_account.accept(token, PASSWORD, HOME)


def test_a_weak_password_does_not_spend_the_invitation(service: Service) -> None:
    service.open_account.invite(ROOT, GRACE, Role.USER, HOME)
    with pytest.raises(InvalidInput, match="12 to 256"):
        service.open_account.accept(service.mailed_token(), "short", HOME)
    service.open_account.accept(service.mailed_token(), PASSWORD, HOME)


def test_of_two_invitations_to_one_address_one_is_used(service: Service) -> None:
    service.open_account.invite(ROOT, GRACE, Role.USER, HOME)
    first = service.mailed_token()
    service.open_account.invite(ROOT, GRACE, Role.USER, HOME)
    service.open_account.accept(first, PASSWORD, HOME)
    with pytest.raises(AlreadyExists):
        service.open_account.accept(service.mailed_token(), PASSWORD, HOME)


def test_who_has_an_account_learns_it_by_mail_only(service: Service) -> None:
    service.open_account.invite(ROOT, EMAIL, Role.ADMIN, HOME)
    assert "There is one already" in service.mailer.sent[0].text
    user = service.users.by_email(EMAIL)
    assert user is not None
    assert user.role is Role.USER


def test_sign_up_is_closed_unless_the_operator_opens_it(service: Service) -> None:
    with pytest.raises(Forbidden):
        service.open_account.ask(GRACE, HOME)
    service.open_to_all = True
    service.open_account.ask(GRACE, HOME)
    assert service.open_account.accept(service.mailed_token(), PASSWORD, HOME).role is Role.USER


def test_mail_cannot_be_asked_for_without_end(service: Service) -> None:
    service.open_to_all = True
    for _ in range(5):
        service.open_account.ask(GRACE, HOME)
        service.reset_password.ask(EMAIL, HOME)
    with pytest.raises(LimitReached):
        service.open_account.ask(GRACE, HOME)
    with pytest.raises(LimitReached):
        service.reset_password.ask(EMAIL, HOME)


def test_a_reset_sets_a_new_password_once_and_ends_every_session(service: Service) -> None:
    session = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    service.reset_password.ask(EMAIL, HOME)
    token = service.mailed_token()
    with pytest.raises(InvalidInput, match="12 to 256"):
        service.reset_password.finish(token, "short", HOME)
    service.reset_password.finish(token, NEW, HOME)

    with pytest.raises(Unauthenticated):
        service.refresh(session, HOME)
    with pytest.raises(InvalidInput, match="token"):
        service.reset_password.finish(token, PASSWORD, HOME)
    service.sign_in(EMAIL, NEW, HOME)


def test_a_reset_ends_after_half_an_hour_and_when_another_is_asked_for(service: Service) -> None:
    service.reset_password.ask(EMAIL, HOME)
    first = service.mailed_token()
    service.reset_password.ask(EMAIL, HOME)
    with pytest.raises(InvalidInput):
        service.reset_password.finish(first, NEW, HOME)
    service.clock.advance(RESET_LIFE.total_seconds())
    with pytest.raises(InvalidInput):
        service.reset_password.finish(service.mailed_token(), NEW, HOME)


def test_an_unknown_or_disabled_address_gets_a_mail_without_a_token(service: Service) -> None:
    service.users.change("01ADA", disabled=True)
    for address in (EMAIL, GRACE):
        service.reset_password.ask(address, HOME)
        assert "no account" in service.mailer.sent[-1].text
        assert "pw_" not in service.mailer.sent[-1].text
    with pytest.raises(InvalidInput):
        service.reset_password.finish("pw_01ADA.guess", NEW, HOME)


def test_the_first_administrator_is_made_once(service: Service) -> None:
    assert not service.users.bootstrapped()
    user = service.bootstrap(ONE_TIME, "Root@example.org", PASSWORD, HOME)
    assert user.role is Role.ADMIN
    assert not user.must_change_password  # the password is the person's own; the one-time one is nobody's
    service.sign_in("root@example.org", PASSWORD, HOME)
    with pytest.raises(Unauthenticated):
        service.sign_in("root@example.org", ONE_TIME, HOME)
    with pytest.raises(WrongState, match="found one that has had one"):
        service.bootstrap(ONE_TIME, "eve@example.org", PASSWORD, HOME)


def test_a_wrong_one_time_password_is_refused_noted_and_slowed_down(service: Service) -> None:
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            service.bootstrap("guess", "eve@example.org", PASSWORD, HOME)
    with pytest.raises(LimitReached):
        service.bootstrap(ONE_TIME, "eve@example.org", PASSWORD, HOME)
    assert {entry.outcome for entry in service.log.entries} == {Outcome.REFUSED}
    assert not service.users.bootstrapped()


def test_administrators_change_and_disable_others_but_not_themselves(service: Service) -> None:
    token = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    assert service.manage_users.change(ROOT, "01ADA", role=Role.OPERATOR, disabled=None, origin=HOME).role is (
        Role.OPERATOR
    )
    assert service.manage_users.change(ROOT, "01ADA", role=None, disabled=True, origin=HOME).disabled
    with pytest.raises(Unauthenticated):
        service.refresh(token, HOME)
    with pytest.raises(Unauthenticated):
        service.sign_in(EMAIL, PASSWORD, HOME)
    with pytest.raises(WrongState):
        service.manage_users.change(ROOT, ROOT.user_id, role=Role.USER, disabled=None, origin=HOME)
    with pytest.raises(WrongState):
        service.manage_users.delete(ROOT, ROOT.user_id, HOME)
    with pytest.raises(NotFound):
        service.manage_users.change(ROOT, "01NOBODY", role=Role.USER, disabled=None, origin=HOME)
    assert service.log.entries[1].detail == "role=operator"


def test_administrators_set_the_quotas_of_one_user_one_by_one(service: Service) -> None:
    change = service.manage_users.change
    assert change(ROOT, "01ADA", quotas={"minutes_a_month": 90, "stored_bytes": 0}, origin=HOME).quotas == OwnQuotas(
        minutes_a_month=90, stored_bytes=0
    )
    assert service.log.entries[-1].detail == "minutes_a_month=90, stored_bytes=0"
    assert change(ROOT, "01ADA", quotas={"minutes_a_month": None}, origin=HOME).quotas == OwnQuotas(stored_bytes=0)
    assert service.log.entries[-1].detail == "minutes_a_month=default"
    assert change(ROOT, "01ADA", disabled=False, origin=HOME).quotas == OwnQuotas(stored_bytes=0)
    service.users.add(ada(id=ROOT.user_id, email="root@example.org"))
    assert change(ROOT, ROOT.user_id, quotas={"concurrent_jobs": 9}, origin=HOME).quotas.concurrent_jobs == 9
    with pytest.raises(NotFound):
        change(ROOT, "01NOBODY", quotas={"concurrent_jobs": 9}, origin=HOME)


def test_a_deleted_account_leaves_nothing_that_opens_a_door(service: Service) -> None:
    token = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    service.manage_keys.create(ADA, "ci", frozenset({*ADA.scopes} - {"account"}), None, HOME)
    service.manage_users.delete(ROOT, "01ADA", HOME)
    assert service.log.entries[-1].action is Action.USER_DELETED

    assert service.deleted_jobs_of == ["01ADA"]
    assert service.keys.of_user("01ADA") == []
    with pytest.raises(Unauthenticated):
        service.refresh(token, HOME)
    with pytest.raises(Unauthenticated):
        service.sign_in(EMAIL, PASSWORD, HOME)
    with pytest.raises(NotFound):
        service.manage_users.get("01ADA")


def test_what_an_administrator_does_is_in_the_log_before_it_is_done(service: Service) -> None:
    """A process may die between the two, and who was deleted cannot be deleted again."""

    def dies(*_: object, **__: object) -> None:
        raise StorageUnavailable("table: expected an answer, found none")

    service.users.change = dies  # type: ignore[method-assign]
    service.sessions.end_all = dies  # type: ignore[method-assign]
    manage = service.manage_users
    for act in (
        lambda: manage.change(ROOT, "01ADA", role=Role.ADMIN, origin=HOME),
        lambda: manage.sign_out(ROOT, "01ADA", HOME),
        lambda: manage.delete(ROOT, "01ADA", HOME),
    ):
        with pytest.raises(StorageUnavailable):
            act()
    assert service.actions() == [Action.USER_CHANGED, Action.USER_SIGNED_OUT, Action.USER_DELETED]
    for act in (
        lambda: manage.change(ROOT, "01NOBODY", role=Role.ADMIN, origin=HOME),
        lambda: manage.sign_out(ROOT, "01NOBODY", HOME),
        lambda: manage.delete(ROOT, "01NOBODY", HOME),
    ):
        with pytest.raises(NotFound):
            act()
    assert len(service.log.entries) == 3, "nothing was there to change"


def test_signing_out_everywhere_by_oneself_or_by_an_administrator(service: Service) -> None:
    for everywhere in (
        lambda: service.sign_out_everywhere(ADA, HOME),
        lambda: service.manage_users.sign_out(ROOT, "01ADA", HOME),
    ):
        tokens = [service.sign_in(EMAIL, PASSWORD, HOME).refresh_token for _ in range(2)]
        everywhere()
        for token in tokens:
            with pytest.raises(Unauthenticated):
                service.refresh(token, HOME)
    assert [entry.action for entry in service.log.entries if "sign" in entry.action and entry.action != "sign-in"] == [
        Action.SIGN_OUT_EVERYWHERE,
        Action.USER_SIGNED_OUT,
    ]


def test_accounts_are_listed_page_by_page(service: Service) -> None:
    service.bootstrap(ONE_TIME, "root@example.org", PASSWORD, HOME)
    first = service.manage_users.page(limit=1, cursor=None)
    second = service.manage_users.page(limit=1, cursor=first.cursor)
    assert {user.email for user in (*first.users, *second.users)} == {"root@example.org", EMAIL}
    assert second.cursor is None


def test_a_reused_refresh_token_is_in_the_audit_log(service: Service) -> None:
    token = service.sign_in(EMAIL, PASSWORD, HOME).refresh_token
    service.refresh(token, HOME)
    service.clock.advance(60)
    with pytest.raises(Unauthenticated):
        service.refresh(token, HOME)
    entry = service.log.entries[-1]
    assert (entry.action, entry.outcome, entry.object, entry.address) == (
        Action.TOKEN_REUSED,
        Outcome.REFUSED,
        "01ADA",
        HOME.address,
    )
