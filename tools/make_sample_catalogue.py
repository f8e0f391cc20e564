"""Makes src/merx/data/catalogue.jsonl.gz from an electronics feed with the facts of Open Icecat.

    python -m tools.make_sample_catalogue ELECTRONICS.jsonl.gz [OUTPUT.jsonl.gz]

The same input gives the same bytes.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any
from zlib import crc32

from tools.sample.clothing import clothing
from tools.sample.electronics import choose

OUTPUT = Path(__file__).parents[1] / "src" / "merx" / "data" / "catalogue.jsonl.gz"


def stock_for(sku: str) -> int:
    """A level that looks like a shop in the middle of its week: some sold out, some low, most well filled."""
    draw = crc32(sku.encode())
    share, spread = draw % 100, draw // 100
    if share < 3:
        return 0
    if share < 10:
        return 1 + spread % 5
    if share < 20:
        return 6 + spread % 14
    return 20 + spread % 181


def with_stock(product: dict[str, Any]) -> dict[str, Any]:
    if "variants" in product:
        for variant in product["variants"]:
            variant["stock"] = stock_for(variant["sku"])
    else:
        product["stock"] = stock_for(product["id"])
    return product


def main(source: Path, output: Path) -> None:
    with gzip.open(source) as lines:
        electronics = choose(json.loads(line) for line in lines)
    products = [with_stock(product) for product in [*electronics, *clothing()]]
    body = "".join(json.dumps(product, ensure_ascii=False, separators=(",", ":")) + "\n" for product in products)
    # No time and no name in the header, or two runs would differ.
    packed = gzip.compress(body.encode(), compresslevel=9, mtime=0)
    output.write_bytes(packed)
    variants = sum(len(product.get("variants", [None])) for product in products)
    sys.stdout.write(f"{output}: {len(products):,} products, {variants:,} variants, {len(packed):,} bytes\n")


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else OUTPUT)
