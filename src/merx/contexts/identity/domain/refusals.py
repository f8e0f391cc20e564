"""How many refusals at the doors are written down: enough to see an attack, never as many as an attacker likes."""

from collections import OrderedDict
from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
# Of one kind about one account or e-mail.
MOST_ALIKE = 10
# Of all by callers who got halfway and know that what they are about exists, and of all others: what strangers type may
# not use up the places of those. E-mails that strangers type have one budget, with an account or without: a row takes
# time, and were made-up ones left out alone, that time would tell which e-mails have accounts.
MOST_KNOWN = 1_000
MOST_UNKNOWN = 1_000
MAX_REMEMBERED = 10_000


class RefusalBudget:
    """Of one process. `take` answers whether a refusal is written, and how many like it were left out before."""

    def __init__(self) -> None:
        self._alike: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._taken = {True: 0, False: 0}
        self._left_out = {True: 0, False: 0}
        self._until: datetime | None = None

    def take(self, kind: str, subject: str, now: datetime, *, known: bool) -> int | None:
        """None: leave it out. A number: write it, and say that so many were left out since the last one written."""
        if self._until is None or now >= self._until:
            self._until = now + WINDOW
            self._alike.clear()
            self._taken = {True: 0, False: 0}
        count = self._alike.get((kind, subject), 0) + 1
        most = MOST_KNOWN if known else MOST_UNKNOWN
        if count > MOST_ALIKE or self._taken[known] >= most:
            self._left_out[known] += 1
            return None
        self._alike[kind, subject] = count
        if len(self._alike) > MAX_REMEMBERED:
            self._alike.popitem(last=False)
        self._taken[known] += 1
        left_out, self._left_out[known] = self._left_out[known], 0
        return left_out
