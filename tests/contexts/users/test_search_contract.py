"""How staff finds people: the same promises on memory and on PostgreSQL."""

from merx.contexts.users.ports.queries import UserSort
from merx.contexts.users.usecases.groups import CreateGroup
from merx.kernel.actor import Actor
from merx.kernel.ids import new_id
from merx.kernel.text import search_key
from tests.contexts.users.conftest import Town, find


async def test_people_are_found(town: Town):
    people = [
        ("zoe@example.com", "ada Zimmer"),
        ("ada@example.com", "Bob"),
        ("carl_100%@example.com", "Carl"),
        ("b@example.com", "Ada Byron"),
    ]
    ids = [await town.person(email, name) for email, name in people]
    await town.person("sam@example.com", "Ada Staff", "staff")
    assert await find(town) == ["Ada Staff", "Ada Byron", "Carl", "Bob", "ada Zimmer"]
    assert await find(town, sort=UserSort.oldest) == ["ada Zimmer", "Bob", "Carl", "Ada Byron", "Ada Staff"]
    assert await find(town, sort=UserSort.name) == ["Ada Byron", "Ada Staff", "ada Zimmer", "Bob", "Carl"]
    assert await find(town, sort=UserSort.email) == ["Bob", "Ada Byron", "Carl", "Ada Staff", "ada Zimmer"]
    assert await find(town, prefix="ada", sort=UserSort.name) == ["Ada Byron", "Ada Staff", "ada Zimmer", "Bob"]
    assert await find(town, prefix="ada", kind="customer", sort=UserSort.email) == ["Bob", "Ada Byron", "ada Zimmer"]
    assert await find(town, prefix="carl_100%") == ["Carl"]
    for nothing in ("carl%", "c_rl", "%", "_", "\\", "byron"):
        assert await find(town, prefix=nothing) == []
    group_id = await town.users.create_group()(Actor.system(), CreateGroup(code="trade", name="Trade"))
    for account_id in ids[1:]:
        await town.users.group_membership().join(Actor.system(), group_id, account_id)
    assert await find(town, group_id=group_id, sort=UserSort.name) == ["Ada Byron", "Bob", "Carl"]
    assert await find(town, group_id=new_id()) == []


async def test_people_are_found_however_their_letters_were_typed(town: Town):
    """A Mac writes an accent behind its letter, most others write one letter."""
    apart, one = "jose\u0301", "jos\u00e9"
    await town.person("z@example.com", f"{apart.title()} Ruiz")
    await town.person(f"{one}@example.com", "Ruiz")
    for typed in (apart, one, one.upper()):
        assert await find(town, prefix=search_key(typed), sort=UserSort.name) == [f"{apart.title()} Ruiz", "Ruiz"]
    longest = "\U0001d160" * 200
    await town.person("long@example.com", longest)
    assert await find(town, prefix=search_key(longest)) == [longest]


async def test_the_beginning_of_a_name_finds_it_whatever_the_letters(town: Town):
    """The small form of a sigma depends on what follows it, and what follows is not typed yet."""
    odysseus = "Οδυσσεύς"
    await town.person(f"{odysseus}@example.com", "Ulysses")
    await town.person("u@example.com", odysseus)
    await town.person("s@example.com", "Stra\u00dfe")
    for end in range(1, len(odysseus) + 1):
        for typed in (odysseus, odysseus.upper(), odysseus.lower()):
            assert await find(town, prefix=search_key(typed[:end]), sort=UserSort.oldest) == ["Ulysses", odysseus]
    assert await find(town, prefix=search_key("STRASSE")) == ["Stra\u00dfe"]
    # An e-mail too becomes longer when it is folded.
    await town.person("\ufb03" * 64 + "@" + "\ufb03" * 150 + ".de", "Long")
    assert await find(town, prefix=search_key("ffiffi")) == ["Long"]
