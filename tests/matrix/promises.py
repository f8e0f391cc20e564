"""What each caller sends to prove who it is, and what the rule of a route promises it."""

from merx.infra.http.auth import Rule
from tests.matrix.callers import CUSTOMERS, GUESTS, TRUSTED, Caller
from tests.matrix.entry import Entry
from tests.matrix.people import Person
from tests.matrix.shop import METRICS_TOKEN, Shop

# A good answer, whatever its number.
GOOD = 200


def headers_of(shop: Shop, caller: Caller, right: str, subject: Person) -> dict[str, str]:
    match caller:
        case Caller.anonymous:
            return {}
        case Caller.owner:
            return shop.owner.headers
        case Caller.other:
            return shop.other.headers
        case Caller.guest:
            return shop.guest.headers
        case Caller.other_guest:
            return shop.stranger.headers
        case Caller.forger:
            tokens = (subject if subject.account_id is None else shop.guest).headers
            return {name: ("b" if text[0] == "a" else "a") + text[1:] for name, text in tokens.items()}
        case Caller.staff_without:
            return shop.staff_but(right)
        case Caller.staff:
            return shop.staff(*filter(None, [right]))
        case Caller.barred:
            return shop.barred
        case Caller.holder:
            return shop.holder
        case Caller.key_without:
            return shop.key_but(right)
        case Caller.key:
            return shop.key(right)
        case Caller.nobodys_key:
            return {"authorization": f"Bearer {METRICS_TOKEN}"}


def right_of(rule: Rule, entry: Entry) -> str:
    return rule.permission or entry.right


def owns(caller: Caller, subject: Person) -> bool:
    return caller is (Caller.guest if subject.account_id is None else Caller.owner)


def promised(rule: Rule, entry: Entry, caller: Caller, subject: Person, *, owned: bool) -> int:
    """The status that the caller must get. `owned`: the request names something of the subject."""
    if caller in entry.differs:
        return entry.differs[caller]
    if rule.name in ("signed_in", "customer", "staff") and caller in GUESTS:
        return 401
    if rule.name == "customer" and caller not in CUSTOMERS:
        return 403
    if rule.name == "staff":
        return GOOD if caller in TRUSTED else 403
    if owns(caller, subject) or (entry.right and caller in TRUSTED):
        return GOOD
    if rule.name == "signed_in" and entry.right and caller not in CUSTOMERS:
        return 403
    return 404 if owned or rule.name == "guest_or_owner" else GOOD
