"""Rows of the audit trail about an account, written by its owner."""

from typing import Any

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.caller import Caller
from merx.kernel.audit import AuditEntry, facts


def by_owner(caller: Caller, account: Account, action: str, **told: Any) -> AuditEntry:
    """`action` without the context: `totp-added`."""
    return AuditEntry(
        actor=caller.speaking_for(account),
        action=f"identity.{action}",
        target="account",
        target_id=account.id,
        changes=facts(**told),
    )
