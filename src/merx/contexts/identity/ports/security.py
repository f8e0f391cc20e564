"""What identity needs from the world to keep doors shut."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from merx.kernel.actor import ActorKind, Proof


class Passwords(Protocol):
    """Slow on purpose and never on the event loop. Raises Unavailable when too many callers wait already."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """False for a wrong password, and for None after the same work as for a real hash."""
        ...

    def outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than those of today."""
        ...


class Throttle(Protocol):
    """Slows down guessing, by (address, e-mail), by address, by /48 of IPv6 and by e-mail.

    An attempt counts as failed from the moment it begins, so that parallel guesses do not slip through. E-mails are
    treated alike whether or not they have an account.
    """

    async def begin(self, purpose: str, email_key: str, address: str) -> None:
        """Raises RateLimited while the caller has to wait."""
        ...

    async def lets_mail(self, purpose: str, email_key: str, address: str) -> bool:
        """Counts somebody who asks for a mail to this e-mail. False when enough was asked for, by whomever: the owner
        has those mails, and must get no other answer because strangers ask too.

        Raises RateLimited while the caller has to wait for what came from this address.
        """
        ...

    async def read_mailbox(self, email_key: str, address: str) -> None:
        """The owner was there, for a code came back from there that only her mailbox was told.

        Strangers no longer keep her from trying her password there. Of a second factor a mailbox says nothing.
        """
        ...

    async def succeeded(self, purpose: str, email_key: str, address: str) -> None:
        """Takes back what `begin` counted."""
        ...


class CodeReader(Protocol):
    def read(self, purpose: str, text: str) -> UUID | None:
        """The id of a one-time code that we made for this purpose, None for any other text. In constant time."""
        ...


class CodeWriter(Protocol):
    def text(self, purpose: str, code_id: UUID) -> str:
        """What `read` of CodeReader takes."""
        ...


class AccessTokenIssuer(Protocol):
    def issue(
        self,
        account_id: UUID,
        kind: ActorKind,
        permissions: Iterable[str] = (),
        *,
        ttl: int = 300,
        session_id: UUID | None = None,
        proof: Proof | None = None,
        impersonator: UUID | None = None,
    ) -> str:
        """A signed token that speaks for the account for `ttl` seconds, on the device of that session.

        `proof`: how its owner proved herself; None when whoever asks vouches for her. `impersonator`: the member of
        staff who gets the token in her place.
        """
        ...


class PublicKeys(Protocol):
    def public_keys(self) -> list[dict[str, str]]:
        """As JSON Web Keys: of every key whose tokens are good now, and of one that is announced."""
        ...
