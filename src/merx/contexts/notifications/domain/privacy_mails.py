"""Mails about what is known of somebody, and about being forgotten."""

from merx.contexts.notifications.domain.shop import Said, Shop, said
from merx.contexts.privacy.events import (
    ErasureAsked,
    ErasureBegun,
    ErasureCancelled,
    ErasureScheduled,
    ExportReady,
)

_NOT_YOU = "If that was not you, change your password now and tell us."


def export_ready(event: ExportReady, shop: Shop) -> Said:
    return said(
        "Your data is ready",
        event.name,
        f"the file with what {shop.name} knows of you is ready.",
        f"Sign in to fetch it, until {event.expires_at:%d %B %Y, %H:%M} UTC. Then it is removed.",
        _NOT_YOU,
    )


def confirm_erasure(event: ErasureAsked, shop: Shop) -> Said:
    return said(
        "Confirm that we shall forget you",
        event.name,
        f"you asked {shop.name} to close your account and to forget you. Confirm it within one hour.",
        *shop.with_code("Close my account", "erase-account", event.code_id),
        _NOT_YOU,
    )


def erasure_scheduled(event: ErasureScheduled, shop: Shop) -> Said:
    who = "as you asked us in writing" if event.by_staff else "as you asked"
    return said(
        "Your account will be erased",
        event.name,
        f"{who}, we close your account at {shop.name} on {event.due_at:%d %B %Y, %H:%M} UTC and erase what we "
        "know of you. What tax law wants of past orders stays, without your name.",
        "Until then you can call it off: sign in and cancel the erasure.",
        _NOT_YOU,
    )


def erasure_cancelled(event: ErasureCancelled, shop: Shop) -> Said:
    return said(
        "Your account stays",
        event.name,
        f"your account at {shop.name} stays as it is: the erasure was called off.",
    )


def account_closed(event: ErasureBegun, shop: Shop) -> Said:
    return said(
        "Your account is closed",
        event.name,
        f"your account at {shop.name} is closed and what we know of you is being erased.",
        "This is the last mail that we send to you. What is in your own mailbox is yours to delete.",
    )
