"""S31: no pattern of ours takes long for any text. They are read from the source: a new one is tried at once."""

import ast
import importlib
import re
import signal
import string
from collections.abc import Callable, Iterator
from itertools import product
from operator import itemgetter
from pathlib import Path
from re import _constants, _parser
from time import process_time
from typing import Any

import msgspec

import merx
from merx.infra.postal import _country

SOURCE = Path(merx.__file__).parent
SECONDS = 0.05
AT_MOST = 0.1
LENGTH = 4000
_FUNCTIONS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
# Files without it are not parsed.
_SPEAKS_OF_ONE = re.compile(rf"\bre\s*\.\s*({'|'.join(_FUNCTIONS)})\b|\bpattern\b")
# Made at run time of parts that are escaped, with `[^/]+` between them.
FROM_ROUTES = {"merx/infra/http/bodies.py", "merx/infra/http/route_classes.py", "merx/infra/http/shown_paths.py"}
# From a library's data; an address allows 16 characters. Tried for countries with different kinds of codes.
FROM_DATA = {"merx/infra/postal.py"}
POSTAL_LENGTH = 16
COUNTRIES = ("CA", "DE", "GB", "IN", "SE", "US")


class Found(msgspec.Struct, frozen=True):
    where: str
    pattern: str | bytes
    longest: int = LENGTH


def patterns() -> tuple[list[Found], set[str]]:
    """All patterns of the source, and the files with one that is only known at run time."""
    found, unknown = [], set()
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text()
        if not _SPEAKS_OF_ONE.search(text):
            continue
        name = ".".join(("merx", *path.relative_to(SOURCE).with_suffix("").parts))
        known = vars(importlib.import_module(name.removesuffix(".__init__"))) if "migrations" not in name else {}
        for node, longest in _expressions(ast.parse(text)):
            where = f"{path.relative_to(SOURCE.parent)}:{node.lineno}"
            try:
                value = eval(compile(ast.Expression(node), where, "eval"), dict(known))  # noqa: S307 - our own source
            except NameError:
                unknown.add(where.partition(":")[0])
                continue
            found.append(Found(where, getattr(value, "pattern", value), longest))
    return found, unknown


def postal_patterns() -> list[Found]:
    found = []
    for code in COUNTRIES:
        country = _country(code)
        assert country is not None
        codes = country.postal and country.postal.pattern
        ways = [codes, *(region.postal for _, region in country.regions.values())]
        found += [Found(code, each.pattern, POSTAL_LENGTH) for each in ways if each is not None]
    return found


def _expressions(tree: ast.AST) -> Iterator[tuple[ast.expr, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        of_re = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "re"
        if of_re and called.attr in _FUNCTIONS and node.args:
            yield node.args[0], LENGTH
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        if "pattern" in given:
            # msgspec looks at the length before it matches.
            limit = given.get("max_length")
            yield given["pattern"], limit.value if isinstance(limit, ast.Constant) else LENGTH


def evil(pattern: str | bytes, longest: int) -> Iterator[Any]:
    """Runs of what the pattern takes, with something at the end that it does not: where backtracking would show."""
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    alphabet = sorted(_characters(_parser.parse(text)))[:7]
    pieces = ["".join(pair) for pair in product(alphabet, repeat=2)] + alphabet + [text[:20]]
    for piece, end in product(pieces, ("", "\0\n")):
        made = (piece * (longest // max(1, len(piece)) + 1))[: longest - len(end)] + end
        yield made if isinstance(pattern, str) else made.encode("latin-1", "replace")


def _characters(parsed: Any) -> set[str]:
    """One or two of each kind of character that the pattern speaks of."""
    found: set[str] = set()
    for operation, argument in parsed:
        if operation in (_constants.LITERAL, _constants.NOT_LITERAL):
            found |= {chr(argument), chr(argument).swapcase()}
        elif operation is _constants.RANGE:
            found |= {chr(argument[0]), chr(argument[1])}
        elif operation is _constants.CATEGORY:
            found |= {" ", "a", "0"}
        elif operation in (_constants.ANY, _constants.NEGATE):
            found |= {"a", " "}
        elif operation is _constants.IN:
            found |= _characters(argument)
        elif operation is _constants.BRANCH:
            for branch in argument[1]:
                found |= _characters(branch)
        elif operation is _constants.SUBPATTERN:
            found |= _characters(argument[3])
        elif isinstance(argument, tuple) and argument and hasattr(argument[-1], "data"):
            found |= _characters(argument[-1])
        elif hasattr(argument, "data"):
            found |= _characters(argument)
    return found or set(string.ascii_letters[:2])


def slowest(pattern: str | bytes, longest: int) -> tuple[float, Any]:
    worst: tuple[float, Any] = (0.0, "")
    compiled: Any = re.compile(pattern)
    shown = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    # A pattern with an end and no beginning is for `match`, which begins at the beginning.
    tried = compiled.match if shown.endswith(r"\Z") and not shown.startswith("^") else compiled.search
    for text in evil(pattern, longest):
        worst = max(worst, (seconds_of(tried, text), text[:20]), key=itemgetter(0))
        if worst[0] > SECONDS:
            break
    return worst


class TooLong(Exception):
    pass


def seconds_of(tried: Callable[[Any], object], text: Any) -> float:
    """Of this process' own time, a tenth of a second at most: a catastrophe would not end, nor its pattern be named."""

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, AT_MOST)
    began = process_time()
    try:
        # `re` looks for signals while it matches.
        tried(text)
    except TooLong:
        return AT_MOST
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return process_time() - began


def test_s31_no_pattern_backtracks():
    found, unknown = patterns()
    assert len(found) > 60
    assert unknown == FROM_ROUTES | FROM_DATA
    found += postal_patterns()
    slow = []
    for each in {(each.pattern, each.longest): each for each in found}.values():
        seconds, text = slowest(each.pattern, each.longest)
        if seconds > SECONDS:
            slow.append(f"{each.where}: {each.pattern!r} takes {seconds * 1000:.0f} ms for {text!r}…")
    assert slow == [], "\n".join(slow)


def test_s31_patterns_that_backtrack_are_found():
    for pattern, longest in ((r"^(\w+\s?)*\Z", 22), (r"^(a+)+\Z", 25), (r"\s+\s+x", 800)):
        assert slowest(pattern, longest)[0] > SECONDS, pattern


def test_s31_a_catastrophe_is_named_and_ends():
    """For texts as long as the source's own patterns get them, which none of these would finish this year."""
    for pattern in (r"^(\w+\s?)*\Z", r"^(a+)+\Z", rb"^(a|a)*\Z"):
        began = process_time()
        assert slowest(pattern, LENGTH)[0] == AT_MOST, pattern
        assert process_time() - began < 1
