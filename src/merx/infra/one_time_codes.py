"""The text of one-time codes: computed from the shop's secret, so that no row, no event and no task holds a code."""

import hmac
from uuid import UUID

from merx.infra.guest_tokens import GuestTokens
from merx.kernel import base64url

PREFIX = "mx_otc_"
_ID = 22
_LENGTH = len(PREFIX) + _ID + 43


class OneTimeCodes:
    """Implements CodeReader. A code names its row and proves, for one purpose, that we sent it."""

    def __init__(self, tokens: GuestTokens) -> None:
        self._tokens = tokens

    def text(self, purpose: str, code_id: UUID) -> str:
        name = base64url.encode(code_id.bytes)
        return f"{PREFIX}{name}{self._tokens.issue(f'one-time-code/{purpose}', code_id)}"

    def read(self, purpose: str, text: str) -> UUID | None:
        """The row of a code that we made for this purpose; None for every other text."""
        text = text.strip()
        if len(text) != _LENGTH or not text.isascii() or not text.startswith(PREFIX):
            return None
        try:
            code_id = UUID(bytes=base64url.decode(text[len(PREFIX) :][:_ID]))
        except ValueError:
            return None
        return code_id if hmac.compare_digest(self.text(purpose, code_id), text) else None
