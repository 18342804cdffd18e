"""The routes of functions/admin."""

from __future__ import annotations

from sotto.domain.errors import MailRefused, MailUnavailable, QueueUnavailable, WrongState
from sotto.entry.dead_letter_shapes import LettersAnswer, LettersQuery, RedriveAnswer, RedriveRequest
from sotto.entry.identity_shapes import (
    AuditAnswer,
    AuditQuery,
    InvitationRequest,
    PageQuery,
    UserAnswer,
    UserChangeRequest,
    UsersAnswer,
)
from sotto.entry.index_shapes import RebuildAnswer, RebuildRequest
from sotto.entry.openapi.route import Door, Route
from sotto.entry.usage_shapes import UsageAnswer, UsageQuery

ADMIN = Door(
    "admin",
    "Administration",
    "What administrators do: accounts, invitations, the audit log, dead letters, the search index.",
    (
        Route(
            "GET",
            "/users",
            "list_users",
            "One page of accounts, oldest first.",
            {200: UsersAnswer},
            query=PageQuery,
        ),
        Route("GET", "/users/{user_id}", "get_user", "One account.", {200: UserAnswer}),
        Route(
            "GET",
            "/users/{user_id}/usage",
            "show_user_usage",
            "An account's measured work of a month, by day and key.",
            {200: UsageAnswer},
            query=UsageQuery,
        ),
        Route(
            "PATCH",
            "/users/{user_id}",
            "change_user",
            "Change the role of an account or its quotas, disable it or enable it again.",
            {200: UserAnswer},
            body=UserChangeRequest,
            errors=(WrongState,),
        ),
        Route(
            "DELETE",
            "/users/{user_id}",
            "delete_user",
            "Delete an account with all its recordings and transcripts. After a time-out, send it again: it goes on.",
            {204: None},
            errors=(WrongState,),
        ),
        Route(
            "POST",
            "/users/{user_id}/sign-out",
            "sign_user_out",
            "End every session of an account.",
            {204: None},
        ),
        Route(
            "POST",
            "/invitations",
            "invite",
            "Mail an invitation.",
            {204: None},
            body=InvitationRequest,
            errors=(MailRefused, MailUnavailable),
        ),
        Route(
            "GET",
            "/audit",
            "audit",
            "One page of a day's audit log, newest first.",
            {200: AuditAnswer},
            query=AuditQuery,
        ),
        Route(
            "GET",
            "/admin/dlq",
            "list_letters",
            "The dead-letter queues, and one page of the letters that were kept, newest first.",
            {200: LettersAnswer},
            query=LettersQuery,
            errors=(QueueUnavailable,),
        ),
        Route(
            "POST",
            "/admin/dlq/redrive",
            "redrive_letters",
            "Give the jobs behind dead letters another try.",
            {200: RedriveAnswer},
            body=RedriveRequest,
            errors=(QueueUnavailable,),
        ),
        Route(
            "POST",
            "/admin/index/rebuild",
            "rebuild_index",
            "Have a user's transcripts indexed for search again, newest jobs first, some at a time.",
            {200: RebuildAnswer},
            body=RebuildRequest,
        ),
    ),
)
