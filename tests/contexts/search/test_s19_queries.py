"""S19: whatever is searched for is text. No syntax, field name or number of facets makes an answer late or wrong."""

from time import process_time
from urllib.parse import quote

import pytest

from tests.contexts.search.conftest import Office, document, variant
from tests.support.asgi import AsgiClient

URL, SUGGEST = "/api/v1/search/products", "/api/v1/search/suggest"
SECONDS = 1.0
PRODUCTS = 300

# Syntax of Lucene, Elasticsearch, Tantivy and Solr, names of what documents are made of, and odd text.
SYNTAX = [
    *(
        "*:*",
        "*",
        "?",
        "_exists_:name",
        "_exists_",
        "_id:1",
        "_source",
        "_all",
        "_score",
        "/.*/",
        "/(a|aa)+b/",
        "name:/.*/",
    ),
    *("name:lamp", "name:[* TO *]", "[a TO z]", "{a TO z}", "price:>0", "lamp~", "lamp~9", '"red lamp"~99', "lamp^99"),
    *(
        "lamp AND NOT red",
        "a OR b OR c",
        "NOT",
        "AND AND",
        "+lamp -red",
        "!lamp",
        "&&",
        "||",
        "(",
        ")",
        "(((((lamp",
        '"',
        '""',
    ),
    *("*lamp", "?amp", "*a*b*c*d*", "{!func}x", "{!xmlparser}", "${jndi:ldap://x}", "#{7*7}", "{{7*7}}", "script:1"),
    *('{"query":{"match_all":{}}}', '{"script":{"source":"1"}}', "doc['price'].value", "lamp\\", "\\*", "\\u0000"),
    *(
        "' or 1=1--",
        "<script>",
        "../../etc/passwd",
        "%",
        "_",
        "%%%",
        "\u202e",
        "\u0301" * 100,
        "İ" * 200,
        "👍" * 50,
        "ß" * 200,
    ),
    *("a" * 200, "a " * 100, "* " * 100, "- " * 100, "a.b" * 66, "(" * 200, '"a" ' * 50, "lamp~2 " * 28),
]
TOO_LONG = ["a" * 201, "a" * 7000, "lamp " * 1400, "*" * 7000]
REFUSED = [
    *(f"facets={name}" for name in ("_source", "_id", "_score", "name", "*", "attr.", "description", "../x", "facets")),
    *(f"sort={name}" for name in ("_score", "_doc", "name:desc", "random()", "price;drop", "script")),
    "facets=" + ",".join(f"attr.{number}" for number in range(700)),
    "facets=" + "brand," * 1000 + "attr." + "x" * 200,
    "&".join(f"attr.{number}=x" for number in range(500)),
    "&".join(f"attr.colour={number}" for number in range(400)),
    "&".join(f"category={number}" for number in range(400)),
    *("attr.%00=x", "attr.a=%00", "q=%00", "q=a%00b", "q=%ff", "q=%ed%a0%80"),
    *(
        "size=10000",
        "from=10001",
        "query_string=*:*",
        "source={}",
        "explain=true",
        "scroll=1m",
        "pit=1",
        "_source=true",
    ),
    *("limit=10001", "after=WzEwMDAwMV0", "timeout=1h", "q=a&q=b"),
]


@pytest.fixture(autouse=True)
async def shelf(office: Office) -> None:
    colours = ("Red", "Blue", "Green", "Black")
    await office.sell(
        *(
            document(f"{colours[n % 4]} lamp {n}", variant(f"L{n}", 10_00 + n, colour=colours[n % 4], size=f"{n % 40}"))
            for n in range(PRODUCTS)
        )
    )


async def asked(client: AsgiClient, target: str) -> tuple[int, float]:
    began = process_time()
    answer = await client.get(target)
    assert answer.status < 400 or answer.is_problem
    return answer.status, process_time() - began


async def test_s19_syntax_is_text(client: AsgiClient) -> None:
    wrong = []
    for text in SYNTAX:
        for target in (f"{URL}?q={quote(text)}", f"{SUGGEST}?q={quote(text)}", f"{URL}?attr.{quote(text[:90])}=x"):
            status, seconds = await asked(client, target)
            allowed = (200, 400, 422) if "attr." in target else (200,)
            if status not in allowed or seconds > SECONDS:
                wrong.append(f"{target[:80]}: {status} after {seconds:.2f} s")
    assert wrong == []


async def test_s19_no_syntax_finds_what_its_words_do_not(client: AsgiClient) -> None:
    """Read as syntax, these would find every lamp; read as text they name what nothing here is called."""
    for text in ("_exists_:name", "name:[a TO zz]", "price:>1zz", "_id:qq*", '{"query":{"match_all":{}}}'):
        page = (await client.get(f"{URL}?q={quote(text)}")).json()
        assert page["total"] == 0, text
    for text in ("*:*", "*", "/.*/", "(", "&& ||", "\N{GRINNING FACE}", "…"):
        # Without a word there is nothing that could be called so.
        page = (await client.get(f"{URL}?q={quote(text)}")).json()
        assert (page["total"], page["items"]) == (0, []), text
    for text in ("", "%20"):
        assert (await client.get(f"{URL}?limit=5&q={text}")).json()["total"] > 0, "no search at all"


async def test_s19_what_is_too_much_is_refused_at_once(client: AsgiClient) -> None:
    wrong = []
    queries = [f"q={quote(text)}" for text in TOO_LONG] + REFUSED
    for query in queries:
        status, seconds = await asked(client, f"{URL}?{query}")
        if status not in (400, 414, 422) or seconds > SECONDS / 10:
            wrong.append(f"{query[:60]}: {status} after {seconds:.2f} s")
    assert wrong == []


async def test_s19_the_dearest_question_that_is_allowed(client: AsgiClient) -> None:
    facets = quote(",".join(["brand", "category", "price", *(f"attr.{name}" for name in ("colour", "size", "a", "b"))]))
    filters = "&".join(f"attr.size={number}" for number in range(20))
    status, seconds = await asked(client, f"{URL}?q={quote('lamp red ' * 22)}&facets={facets}&{filters}&limit=100")
    assert status == 200
    assert seconds < SECONDS
