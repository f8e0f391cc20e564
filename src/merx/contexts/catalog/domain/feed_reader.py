"""A whole feed, line by line: good rows and refused ones with their line number. Reads a stream, never a path."""

import zlib
from collections.abc import Iterator
from gzip import BadGzipFile
from typing import IO

import msgspec

from merx.contexts.catalog.domain.feed import MAX_LINE_BYTES, FeedProduct, parse_line
from merx.contexts.catalog.domain.feed_text import FeedError, shown

_BOM = b"\xef\xbb\xbf"


class FeedRow(msgspec.Struct, frozen=True):
    """A good row. `line` counts from 1."""

    line: int
    product: FeedProduct


class FeedProblem(msgspec.Struct, frozen=True):
    """A refused row. `line` counts from 1."""

    line: int
    reason: str


def read_feed(stream: IO[bytes], after_line: int = 0) -> Iterator[FeedRow | FeedProblem]:
    """Rows in file order. Blank lines count but yield nothing.

    An id or SKU that an earlier good row of the file has taken is refused. Lines up to `after_line` are read for that
    purpose alone and yield nothing, so an import that stopped can go on where it was.
    A compressed file that breaks off yields one last problem: what came before it is good.
    """
    ids: dict[str, int] = {}
    skus: dict[str, int] = {}
    number = 0
    try:
        for number, raw in _lines(stream):
            if not raw.strip():
                continue
            try:
                product = parse_line(raw)
                _claim(product, number, ids, skus)
            except FeedError as problem:
                if number > after_line:
                    yield FeedProblem(number, problem.detail)
                continue
            if number > after_line:
                yield FeedRow(number, product)
    except (EOFError, BadGzipFile, zlib.error) as problem:
        yield FeedProblem(number + 1, f"the file is damaged from here on: {problem}")


def _claim(product: FeedProduct, number: int, ids: dict[str, int], skus: dict[str, int]) -> None:
    if product.id in ids:
        raise FeedError(f"id: {shown(product.id)} is already on line {ids[product.id]}")
    for variant in product.variants:
        if variant.sku in skus:
            raise FeedError(f"sku: {shown(variant.sku)} is already on line {skus[variant.sku]}")
    ids[product.id] = number
    skus.update((variant.sku, number) for variant in product.variants)


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines of bounded length: of an endless one only so much is kept that the parser sees it is too long."""
    number = 0
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        rest = raw
        while not rest.endswith(b"\n") and len(rest) > MAX_LINE_BYTES:
            rest = stream.readline(MAX_LINE_BYTES + 1)
        yield number, raw.removeprefix(_BOM) if number == 1 else raw
