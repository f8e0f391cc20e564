"""Brands and categories that an import names, made when they are new."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from merx.contexts.catalog.domain.taxonomy import Crumb, category_slugs, name_slugs
from merx.infra.postgres import PostgresTx, compiled, json_text
from merx.kernel.ids import new_id

_BRANDS = compiled("select name, id from catalog.brand where name = any(cast(:names as text[]))")
_ADD_BRANDS = compiled(
    """
    insert into catalog.brand (id, version, slug, name)
    select id, 1, slug, name
      from unnest(cast(:ids as uuid[]), cast(:slugs as text[]), cast(:names as text[])) as x(id, slug, name)
    """
)
_BRAND_SLUGS = compiled("select slug from catalog.brand where slug = any(cast(:slugs as text[]))")
_CATEGORIES = compiled("select id, parent_id, slug, name, trail from catalog.category order by position, id")
_ADD_CATEGORIES = compiled(
    """
    insert into catalog.category (id, version, slug, name, parent_id, position, trail)
    select id, 1, slug, name, parent_id, position, trail
      from unnest(cast(:ids as uuid[]), cast(:slugs as text[]), cast(:names as text[]), cast(:parents as uuid[]),
                  cast(:positions as int[]), cast(:trails as jsonb[]))
           as x(id, slug, name, parent_id, position, trail)
    """
)
_trail = msgspec.json.Decoder(list[Crumb])


class ImportedTaxonomy:
    """Call it under the lock of imports."""

    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def brands(self, names: set[str]) -> dict[str, UUID]:
        ordered = sorted(names)
        found = {row[0]: row[1] for row in await self._tx.fetch(_BRANDS, names=ordered)}
        new = [(name, new_id()) for name in ordered if name not in found]
        if not new:
            return found
        proposed = [name_slugs(name, brand_id) for name, brand_id in new]
        taken = {row[0] for row in await self._tx.fetch(_BRAND_SLUGS, slugs=[slug for slug, _ in proposed])}
        slugs = []
        for first, other in proposed:
            # Names that differ only in what a slug drops ("3M" and "3-M!") each keep their own brand.
            slugs.append(other if first in taken else first)
            taken.add(slugs[-1])
        await self._tx.execute(
            _ADD_BRANDS, ids=[brand_id for _, brand_id in new], slugs=slugs, names=[name for name, _ in new]
        )
        return found | dict(new)

    async def categories(self, paths: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], UUID]:
        """New ones come behind their siblings, in the order given."""
        trails: dict[tuple[UUID | None, str], list[Crumb]] = {}
        siblings: dict[UUID | None, int] = {}
        taken = set()
        for row in await self._tx.fetch(_CATEGORIES):
            # Of siblings with one name the first takes the products.
            trails.setdefault((row[1], row[3]), _trail.decode(row[4]))
            siblings[row[1]] = siblings.get(row[1], 0) + 1
            taken.add(row[2])
        new: list[tuple[list[Crumb], int]] = []
        result = {}
        for path in dict.fromkeys(paths):
            trail: list[Crumb] = []
            for name in path:
                parent_id = trail[-1].id if trail else None
                if (parent_id, name) not in trails:
                    category_id = new_id()
                    slug = next(slug for slug in category_slugs(name, category_id, trail) if slug not in taken)
                    taken.add(slug)
                    trails[parent_id, name] = [*trail, Crumb(category_id, slug, name)]
                    new.append((trails[parent_id, name], siblings.get(parent_id, 0)))
                    siblings[parent_id] = siblings.get(parent_id, 0) + 1
                trail = trails[parent_id, name]
            result[path] = trail[-1].id
        if new:
            await self._tx.execute(
                _ADD_CATEGORIES,
                ids=[trail[-1].id for trail, _ in new],
                slugs=[trail[-1].slug for trail, _ in new],
                names=[trail[-1].name for trail, _ in new],
                parents=[trail[-2].id if len(trail) > 1 else None for trail, _ in new],
                positions=[position for _, position in new],
                trails=[json_text(trail) for trail, _ in new],
            )
        return result
