"""What a shop knows of a person beside how they sign in."""

import re
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

import msgspec

from merx.contexts.users.domain.errors import InvalidProfile
from merx.kernel.errors import FieldError
from merx.kernel.model import Entity
from merx.kernel.text import search_key

Kind = Literal["customer", "staff"]

# E.164: a plus sign, the country and the number, 15 digits at most. People type the marks between them.
Phone = Annotated[str, msgspec.Meta(max_length=32, pattern=r"^(\+[0-9 ().-]{7,31})?\Z", examples=["+1 415 555 0100"])]
Locale = Annotated[
    str,
    msgspec.Meta(
        max_length=35,
        pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z",
        description="BCP 47 language, script and region",
        examples=["en-IN"],
    ),
]
_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_MARKS = re.compile(r"[ ().-]")
_OLDEST = 130

# What only those read who look at the person.
PERSONAL = frozenset({"name", "name_key", "email", "email_key", "phone", "birthday"})


class Profile(Entity, kw_only=True):
    """`id` is that of the account. `email` is a copy for staff who search; signing in knows the true one.

    `phone` is empty or E.164, `locale` None while the person has not chosen one. The keys are what a search compares.
    """

    email: str
    email_key: str
    name: str
    name_key: str
    kind: Kind
    phone: str = ""
    locale: str | None = None
    birthday: date | None = None
    registered_at: datetime

    @classmethod
    def begin(cls, account_id: UUID, email: str, name: str, kind: Kind, registered_at: datetime) -> Self:
        return cls(
            id=account_id,
            email=email,
            email_key=search_key(email),
            name=name,
            name_key=search_key(name),
            kind=kind,
            registered_at=registered_at,
        )

    def write_to(self, email: str) -> None:
        self.email = email
        self.email_key = search_key(email)

    def settle(self, today: date) -> None:
        """Put the profile into its stored form. Raises InvalidProfile."""
        self.name = self.name.strip()
        if not self.name:
            raise InvalidProfile("a name is needed", fields=(FieldError("name", "is empty"),))
        self.name_key = search_key(self.name)
        self.phone = _MARKS.sub("", self.phone)
        if self.phone and not _E164.match(self.phone):
            message = "is a plus sign, the country and the number: 7 to 15 digits"
            raise InvalidProfile("no such telephone number", fields=(FieldError("phone", message),))
        if self.birthday is not None and not (today.year - _OLDEST <= self.birthday.year and self.birthday <= today):
            raise InvalidProfile("nobody was born then", fields=(FieldError("birthday", "is not possible"),))
