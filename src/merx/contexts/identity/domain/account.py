"""Who can sign in: customers and staff."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.errors import CustomersHoldNoPermissions, OwnerHoldsNoOther, WeakPassword
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.identity.events import AccountClosed, AccountRegistered, EmailChanged, EmailVerified, PasswordChanged
from merx.kernel.address import email_in_one_form, email_key
from merx.kernel.ids import new_id
from merx.kernel.model import Entity

MIN_PASSWORD = 8
MAX_PASSWORD = 256

# People paste addresses with spaces around them; `trimmed` takes those off.
TypedEmail = Annotated[
    str,
    msgspec.Meta(
        max_length=260,
        pattern=r"^\s*[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}\s*\Z",
        examples=["ada@example.com"],
    ),
]
NewPassword = Annotated[str, msgspec.Meta(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
# The lower bound may grow; whoever chose a shorter one before must still get in.
GivenPassword = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PASSWORD)]


class AccountKind(StrEnum):
    customer = "customer"
    staff = "staff"


class AccountStatus(StrEnum):
    """A disabled one can be opened again."""

    active = "active"
    disabled = "disabled"
    closed = "closed"


def trimmed(email: str) -> str:
    """The address as its owner writes it; mail goes there. Raises Invalid when it is too long as it is kept."""
    return email_in_one_form(email)


def check_new_password(password: str) -> None:
    """Before any hashing, for a password that did not come through a checked command. Raises WeakPassword."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise WeakPassword(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")


# What only those read who look at the person.
PERSONAL = frozenset({"name", "email", "email_key"})


class Account(Entity, kw_only=True):
    """`role_ids` and `permissions`, grants as text held beside the roles, are for staff; a customer has none.

    `password_hash` is None for an account that cannot sign in with a password. `email_verified_at` is when its owner
    proved to read that mailbox. `credentials_version` counts new passwords and e-mails: codes sent before are void.
    """

    email: str
    email_key: str
    name: str
    kind: AccountKind
    role_ids: tuple[UUID, ...] = ()
    permissions: tuple[str, ...] = ()
    password_hash: str | None = None
    status: AccountStatus = AccountStatus.active
    created_at: datetime
    email_verified_at: datetime | None = None
    credentials_version: int = 0

    @classmethod
    def open(
        cls,
        *,
        email: str,
        name: str,
        kind: AccountKind,
        password_hash: str | None,
        now: datetime,
        role_ids: tuple[UUID, ...] = (),
        permissions: tuple[str, ...] = (),
    ) -> tuple[Self, AccountRegistered]:
        account = cls(
            id=new_id(),
            email=trimmed(email),
            email_key=email_key(email),
            name=name,
            kind=kind,
            password_hash=password_hash,
            created_at=now,
        )
        account.grant(permissions, role_ids)
        return account, AccountRegistered(
            at=now, account_id=account.id, email=account.email, name=name, kind=kind.value
        )

    @property
    def is_active(self) -> bool:
        return self.status is AccountStatus.active

    def verify_email(self, now: datetime) -> EmailVerified | None:
        """None when it was verified before."""
        if self.email_verified_at is not None:
            return None
        self.email_verified_at = now
        return EmailVerified(at=now, account_id=self.id, email=self.email)

    def choose_password(self, password_hash: str, now: datetime) -> PasswordChanged:
        self.password_hash = password_hash
        self.credentials_version += 1
        return PasswordChanged(at=now, account_id=self.id, email=self.email, name=self.name)

    def change_email(self, email: str, now: datetime) -> EmailChanged:
        """To an address whose mailbox the owner has just proved to read."""
        old, self.email, self.email_key = self.email, trimmed(email), email_key(email)
        self.email_verified_at = now
        self.credentials_version += 1
        return EmailChanged(at=now, account_id=self.id, email=old, name=self.name, new_email=self.email)

    def close(self, now: datetime) -> AccountClosed | None:
        """For good. None when it is closed already."""
        if self.status is AccountStatus.closed:
            return None
        self.status = AccountStatus.closed
        self.credentials_version += 1
        return AccountClosed(at=now, account_id=self.id)

    def grant(self, permissions: tuple[str, ...], role_ids: tuple[UUID, ...] = ()) -> bool:
        """Replace what is held; True when that changed something.

        Raises CustomersHoldNoPermissions and OwnerHoldsNoOther.
        """
        if (role_ids or permissions) and self.kind is AccountKind.customer:
            raise CustomersHoldNoPermissions
        wanted = tuple(sorted(set(role_ids))), tuple(sorted(set(permissions)))
        if OWNER in wanted[0] and wanted != ((OWNER,), ()):
            raise OwnerHoldsNoOther
        changed = wanted != (self.role_ids, self.permissions)
        self.role_ids, self.permissions = wanted
        return changed

    def disable(self) -> bool:
        """True when that changed something."""
        if self.status is not AccountStatus.active:
            return False
        self.status = AccountStatus.disabled
        return True

    def enable(self) -> bool:
        if self.status is not AccountStatus.disabled:
            return False
        self.status = AccountStatus.active
        return True
