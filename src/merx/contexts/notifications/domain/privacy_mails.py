"""Mails about what is known of somebody, and about being forgotten."""

from merx.contexts.notifications.domain.body import Block, Paragraph
from merx.contexts.notifications.domain.shop import Said, Shop
from merx.contexts.privacy.events import (
    ErasureAsked,
    ErasureBegun,
    ErasureCancelled,
    ErasureScheduled,
    ExportReady,
)

_NOT_YOU = "If that was not you, change your password now and tell us."


def export_ready(event: ExportReady, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"the file with what {shop.name} knows of you is ready."),
        Paragraph(f"Sign in to fetch it, until {event.expires_at:%d %B %Y, %H:%M} UTC. Then it is removed."),
        Paragraph(_NOT_YOU),
    ]
    return "Your data is ready", blocks


def confirm_erasure(event: ErasureAsked, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"you asked {shop.name} to close your account and to forget you. Confirm it within one hour."),
        *shop.with_code("Close my account", "erase-account", event.code_id),
        Paragraph(_NOT_YOU),
    ]
    return "Confirm that we shall forget you", blocks


def erasure_scheduled(event: ErasureScheduled, shop: Shop) -> Said:
    who = "as you asked us in writing" if event.by_staff else "as you asked"
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(
            f"{who}, we close your account at {shop.name} on {event.due_at:%d %B %Y, %H:%M} UTC and erase what we "
            "know of you. What tax law wants of past orders stays, without your name."
        ),
        Paragraph("Until then you can call it off: sign in and cancel the erasure."),
        Paragraph(_NOT_YOU),
    ]
    return "Your account will be erased", blocks


def erasure_cancelled(event: ErasureCancelled, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"your account at {shop.name} stays as it is: the erasure was called off."),
    ]
    return "Your account stays", blocks


def account_closed(event: ErasureBegun, shop: Shop) -> Said:
    blocks: list[Block] = [
        Paragraph(f"Hello {event.name},"),
        Paragraph(f"your account at {shop.name} is closed and what we know of you is being erased."),
        Paragraph("This is the last mail that we send to you. What is in your own mailbox is yours to delete."),
    ]
    return "Your account is closed", blocks
