"""S42: the file that a person opens runs nothing, and holds what is promised."""

import csv
import io
import zipfile
from datetime import UTC, datetime

import msgspec
import pytest

from merx.contexts.privacy.domain.archive import archive, as_csv
from merx.kernel.personal_data import Section
from tests.contexts.privacy.conftest import PASSWORD, Shop

EVIL = ["=1+1", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", '=HYPERLINK("http://x","y")']
CHOSEN = {
    "name": '=HYPERLINK("http://evil.example","x")',
    "email": "mallory@example.org",
    "phone": "+14155550111",
    "street": "@SUM(1+1)*cmd|' /C calc'!A0",
    "city": "-2+3+cmd|' /C calc'!A0",
}


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_s42_no_cell_begins_like_a_formula():
    rows = [{"text": each, "inner": {each: each}, "list": [each]} for each in EVIL]
    found = list(csv.reader(io.StringIO(as_csv(rows), newline="")))
    assert [cell for line in found for cell in line if cell.lstrip(" ").startswith(tuple("=+-@\t\r\n"))] == []
    # Nothing is lost: a ' is all that was put in front.
    assert [line[0] for line in found[1:]] == [f"'{each}" for each in EVIL]
    assert cells(as_csv([{"number": -5, "plain": "5-6 a=b"}])) == [{"number": "-5", "plain": "5-6 a=b"}]


def test_s42_json_has_the_text_as_it_is():
    rows = [{"text": each} for each in EVIL]
    content = archive([Section("some.table", rows), Section("empty.table", [])], datetime(2030, 1, 1, tzinfo=UTC))
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert sorted(file.namelist()) == ["README.txt", "data.json", "some.table.csv"]
        told = msgspec.json.decode(file.read("data.json"))
    assert told == {"exported_at": "2030-01-01T00:00:00Z", "tables": {"some.table": rows, "empty.table": []}}


async def test_s37_s42_the_file_has_everything_also_of_somebody_who_chose_formulas(shop: Shop):
    person = await shop.live(CHOSEN)
    tables, files = await shop.export(person)
    promised = (
        "identity.account identity.session users.profile users.address users.consent users.group_member users.timeline"
        " carts.cart orders.order orders.order_line orders.shipment orders.timeline payments.payment"
        " payments.payment_event notifications.message audit.entry privacy.export privacy.erasure"
    ).split()
    assert [name for name in promised if name not in tables] == []
    assert [name for name in promised[:-1] if not tables[name]] == []
    assert set(files) == {"README.txt", *(f"{name}.csv" for name, rows in tables.items() if rows)}
    found = [
        (name, cell)
        for name, text in files.items()
        if name.endswith(".csv")
        for row in csv.reader(io.StringIO(text, newline=""))
        for cell in row
        if cell.lstrip(" ").startswith(tuple("=+-@\t\r\n")) and not cell.removeprefix("-").isdigit()
    ]
    assert found == []
    assert cells(files["users.profile.csv"])[0]["name"] == f"'{person.name}"
    assert cells(files["users.address.csv"])[0]["address_city"] == f"'{person.city}"
    # In JSON it is what she typed.
    assert tables["users.profile"][0]["name"] == person.name
    assert tables["users.address"][0]["address"]["line1"] == person.street
    everything = msgspec.json.encode(tables).decode() + "".join(files.values())
    assert [word for word in (PASSWORD, "argon2", "password_hash", "token_hash") if word in everything] == []


@pytest.mark.parametrize("who", ["another", "nobody"])
async def test_s42_the_file_is_for_its_owner_alone(memory_shop: Shop, who: str):
    shop = memory_shop
    person = await shop.register(CHOSEN)
    asked = await shop.call("POST", "/users/me/export", None, person.headers)
    await shop.settle()
    other = await shop.register(CHOSEN | {"email": "other@example.org"})
    headers = other.headers if who == "another" else {}
    answer = await shop.send("GET", f"/users/me/exports/{asked['id']}/file", None, headers)
    assert answer.status == (404 if who == "another" else 401)
