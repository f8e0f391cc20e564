"""What staff did and what happened at the doors, written down in the transaction that made it true.

    before = pictured(product)
    product.publish(now)
    uow.record(AuditEntry.of(actor, "catalog.product-published", product, before=before))

What customers change is no row, unless staff does it in their place:

    before = pictured_in_place(actor, cart)
    cart.remove(line_id)
    await uow.carts.save(cart)
    uow.record(*AuditEntry.in_place(actor, "carts.line-removed", cart, before=before))

What must not be read by everybody who may read the trail (secrets, and what is personal) is never in it: a change of
such a field is told, its values are not.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Self
from uuid import UUID

import msgspec

from merx.kernel.actor import Actor
from merx.kernel.model import Entity

# A field is hidden when its name has one of these words, unless it only says when, which or how many.
HIDDEN_WORDS = frozenset(
    "password passwords secret secrets token tokens digest hash hashes credential credentials recovery otp totp "
    "email emails phone phones telephone address addresses birthday line1 line2 latitude longitude "
    "cookie authorization card iban upi vpa user_agent".split()
)
_HARMLESS_ENDS = ("_at", "_id", "_version", "_count", "_seconds", "_days")
_WORD = re.compile(r"[a-z0-9]+")
# The same in every row, or told by the row itself.
_UNTOLD = frozenset({"id", "version", "updated_at"})
HIDDEN = "***"
LONGEST_TEXT = 500


class Change(msgspec.Struct, frozen=True):
    """The values of one field; `before` is None for something new, `after` for something that is gone."""

    before: Any = None
    after: Any = None


class _Hidden(msgspec.Struct, frozen=True):
    """Compared, never shown."""

    value: Any

    def __repr__(self) -> str:
        return HIDDEN


Picture = dict[str, Any]
Changes = Mapping[str, Change]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """`action` is `<context>.<thing>-<what was done>`, `target` the kind of thing and `target_id` which one."""

    actor: Actor
    action: str
    target: str
    target_id: UUID | str
    changes: Changes = msgspec.field(default_factory=dict)

    @classmethod
    def of(
        cls,
        actor: Actor,
        action: str,
        thing: Entity,
        *,
        before: Picture | None = None,
        gone: bool = False,
        hide: Collection[str] = (),
    ) -> Self:
        """About an entity: without `before` it is new, with `gone` it was removed. `hide` names further fields."""
        if gone:
            told = differences(pictured(thing, hide=hide), {})
        else:
            told = differences(before or {}, pictured(thing, hide=hide))
        return cls(actor=actor, action=action, target=_kebab(type(thing).__name__), target_id=thing.id, changes=told)

    @classmethod
    def in_place(
        cls,
        actor: Actor,
        action: str,
        thing: Entity,
        *,
        before: Picture | None = None,
        gone: bool = False,
        hide: Collection[str] = (),
    ) -> list[Self]:
        """Like `of`, when staff does it in the place of a customer; what customers do themselves is no row."""
        if actor.impersonator is None:
            return []
        return [cls.of(actor, action, thing, before=before, gone=gone, hide=hide)]


def facts(**values: Any) -> Changes:
    """What there is to tell of something that is no change of fields."""
    return {name: Change(None, _shown(value)) for name, value in pictured(values).items()}


def pictured(thing: msgspec.Struct | Mapping[str, Any], *, hide: Collection[str] = ()) -> Picture:
    """The fields as they are now, flat: `variants.<id>.price.amount`. Take it before an aggregate is changed."""
    found: Picture = {}
    for name, value in msgspec.to_builtins(thing, str_keys=True).items():
        if name not in _UNTOLD:
            _picture(name, value, found, hide)
    return found


def pictured_in_place(actor: Actor, thing: Entity, *, hide: Collection[str] = ()) -> Picture:
    """What `AuditEntry.in_place` takes as `before`. For customers themselves no picture is taken, which costs time."""
    return {} if actor.impersonator is None else pictured(thing, hide=hide)


def differences(before: Picture, after: Picture) -> Changes:
    """What one picture has and the other has not, field by field. All of it: a body of a request bounds the row."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: Change(_shown(before.get(name)), _shown(after.get(name))) for name in names}


def is_hidden(name: str) -> bool:
    lower = name.lower()
    return not lower.endswith(_HARMLESS_ENDS) and (
        lower in HIDDEN_WORDS or not HIDDEN_WORDS.isdisjoint(_WORD.findall(lower))
    )


def _picture(name: str, value: Any, found: Picture, hide: Collection[str]) -> None:
    last = name.rpartition(".")[2]
    if last in hide or is_hidden(last):
        found[name] = None if value in (None, "", [], {}) else _Hidden(value)
    elif isinstance(value, dict) and value:
        for key, inner in value.items():
            _picture(f"{name}.{key}", inner, found, hide)
    elif isinstance(value, list) and value and all(isinstance(one, dict) and "id" in one for one in value):
        for one in value:
            _picture(f"{name}.{one['id']}", {key: inner for key, inner in one.items() if key != "id"}, found, hide)
    elif isinstance(value, list):
        found[name] = [_without_hidden(one, hide) for one in value]
    else:
        found[name] = value


def _without_hidden(value: Any, hide: Collection[str]) -> Any:
    """Inside of lists, which are compared as a whole."""
    if isinstance(value, dict):
        return {
            key: _Hidden(inner) if key in hide or is_hidden(key) else _without_hidden(inner, hide)
            for key, inner in value.items()
        }
    return [_without_hidden(one, hide) for one in value] if isinstance(value, list) else value


def _shown(value: Any) -> Any:
    if isinstance(value, _Hidden):
        return HIDDEN
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return value[:LONGEST_TEXT] + "…"
    if isinstance(value, dict):
        return {key: _shown(inner) for key, inner in value.items()}
    return [_shown(one) for one in value] if isinstance(value, list) else value


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
