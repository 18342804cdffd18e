"""What administrators do: accounts, invitations, the audit log, dead letters, the search index."""

from aws_lambda_powertools.event_handler import Response

from sotto.domain.audit import Origin
from sotto.entry import dead_letter_wiring
from sotto.entry import identity_wiring as wiring
from sotto.entry.admission import admit
from sotto.entry.dead_letter_shapes import LettersAnswer, LettersQuery, RedriveAnswer, RedriveRequest
from sotto.entry.http import Api, answer, no_content
from sotto.entry.identity_shapes import (
    AuditAnswer,
    AuditEntryShape,
    AuditQuery,
    InvitationRequest,
    PageQuery,
    UserAnswer,
    UserChangeRequest,
    UsersAnswer,
    UserShape,
)
from sotto.entry.index_shapes import RebuildAnswer, RebuildRequest
from sotto.entry.settings import AdminSettings
from sotto.entry.telemetry import make_logger
from sotto.entry.usage_shapes import UsageAnswer, UsageQuery

api = Api(make_logger("admin"), admit)
handler = api.handler


def origin() -> Origin:
    return api.origin(wiring.settings_of(AdminSettings).trusted_proxies)


@api.routes.get("/users")
def list_users() -> Response[str]:
    """One page of accounts, oldest first."""
    api.principal()
    query = api.query(PageQuery)
    page = wiring.manage_users().page(limit=query.limit, cursor=query.cursor)
    return answer(UsersAnswer(users=[UserShape.of(user) for user in page.users], next_cursor=page.cursor))


@api.routes.get("/users/<user_id>")
def get_user(user_id: str) -> Response[str]:
    """One account."""
    api.principal()
    return answer(UserAnswer(user=UserShape.of(wiring.manage_users().get(user_id))))


@api.routes.get("/users/<user_id>/usage")
def show_user_usage(user_id: str) -> Response[str]:
    """An account's measured work of a month, by day and key."""
    api.principal()
    month = api.query(UsageQuery).month_at(wiring.now())
    days = wiring.usage().days(wiring.manage_users().get(user_id).id, month)
    return answer(UsageAnswer.of(month, days, wiring.settings_of(AdminSettings).price_per_engine_s))


@api.routes.patch("/users/<user_id>")
def change_user(user_id: str) -> Response[str]:
    """Change the role of an account or its quotas, disable it or enable it again."""
    principal, request = api.principal(), api.body(UserChangeRequest)
    user = wiring.manage_users().change(
        principal,
        user_id,
        role=request.role,
        disabled=request.disabled,
        quotas=request.quotas.model_dump(exclude_unset=True) if request.quotas else None,
        origin=origin(),
    )
    return answer(UserAnswer(user=UserShape.of(user)))


@api.routes.delete("/users/<user_id>")
def delete_user(user_id: str) -> Response[str]:
    """Delete an account with all its recordings and transcripts. After a time-out, send it again: it goes on."""
    wiring.manage_users().delete(api.principal(), user_id, origin())
    return no_content()


@api.routes.post("/users/<user_id>/sign-out")
def sign_user_out(user_id: str) -> Response[str]:
    """End every session of an account."""
    wiring.manage_users().sign_out(api.principal(), user_id, origin())
    return no_content()


@api.routes.post("/invitations")
def invite() -> Response[str]:
    """Mail an invitation."""
    principal, request = api.principal(), api.body(InvitationRequest)
    wiring.open_account(AdminSettings).invite(principal, request.email, request.role, origin())
    return no_content()


@api.routes.get("/audit")
def audit() -> Response[str]:
    """One page of a day's audit log, newest first."""
    principal, query = api.principal(), api.query(AuditQuery)
    page = wiring.read_audit()(principal, query.day, limit=query.limit, cursor=query.cursor, origin=origin())
    entries = [AuditEntryShape.of(entry) for entry in page.entries]
    return answer(AuditAnswer(entries=entries, next_cursor=page.cursor))


@api.routes.get("/admin/dlq")
def list_letters() -> Response[str]:
    """The dead-letter queues, and one page of the letters that were kept, newest first."""
    api.principal()
    query = api.query(LettersQuery)
    page = dead_letter_wiring.redrive_letters().letters.page(query.wanted, limit=query.limit, cursor=query.cursor)
    return answer(LettersAnswer.of(dead_letter_wiring.dead_queues(), page))


@api.routes.post("/admin/dlq/redrive")
def redrive_letters() -> Response[str]:
    """Give the jobs behind dead letters another try."""
    principal, wish = api.principal(), api.body(RedriveRequest)
    done = dead_letter_wiring.redrive_letters()(
        principal, wish.wanted, limit=wish.limit, dry_run=wish.dry_run, origin=origin()
    )
    return answer(RedriveAnswer.of(done, dry_run=wish.dry_run))


@api.routes.post("/admin/index/rebuild")
def rebuild_index() -> Response[str]:
    """Have a user's transcripts indexed for search again, newest jobs first, some at a time."""
    principal, wish = api.principal(), api.body(RebuildRequest)
    done = dead_letter_wiring.rebuild_index()(
        principal,
        wish.owner,
        whole=wish.whole,
        dry_run=wish.dry_run,
        limit=wish.limit,
        cursor=wish.cursor,
        origin=origin(),
    )
    return answer(RebuildAnswer.of(done, dry_run=wish.dry_run))
