"""What staff can ask of the catalogue. Each struct is request body and use-case input in one."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from merx.contexts.catalog.domain.product import Attribute
from merx.kernel.model import Command
from merx.kernel.money import MAX_AMOUNT, CurrencyCode
from merx.kernel.text import Code, Name, Slug, Text

Attributes = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00]+\Z")], Attribute],
    Meta(max_length=300),
]
Options = Annotated[
    dict[
        Annotated[str, Meta(min_length=1, max_length=50, pattern=r"^[^\x00]+\Z")],
        Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00]+\Z")],
    ],
    Meta(max_length=5),
]
Barcodes = Annotated[list[Annotated[str, Meta(pattern=r"^[0-9]{8,14}\Z")]], Meta(max_length=20)]
Grams = Annotated[int, Meta(ge=0, le=10_000_000, description="grams")]


class Price(Command, frozen=True):
    amount: Annotated[int, Meta(ge=1, le=MAX_AMOUNT, description="minor units")]
    currency: CurrencyCode


class NewVariant(Command, frozen=True):
    sku: Code
    price: Price
    options: Options = {}
    barcodes: Barcodes = []
    weight_grams: Grams = 0


class EditVariant(Command, frozen=True):
    """`id` names an existing variant; without it the entry is a new one and needs `sku` and `price`."""

    id: UUID | UnsetType = UNSET
    sku: Code | UnsetType = UNSET
    price: Price | UnsetType = UNSET
    options: Options | UnsetType = UNSET
    barcodes: Barcodes | UnsetType = UNSET
    weight_grams: Grams | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class CreateProduct(Command, frozen=True):
    name: Name
    variants: Annotated[list[NewVariant], Meta(min_length=1, max_length=200)]
    slug: Slug | UnsetType = UNSET
    brand_id: UUID | None = None
    category_id: UUID | None = None
    description: Text = ""
    model: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*\Z")] = ""
    attributes: Attributes = {}


class EditProduct(Command, frozen=True):
    """Fields left out stay as they are. `variants` changes or adds the variants named and leaves the others."""

    name: Name | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    brand_id: UUID | None | UnsetType = UNSET
    category_id: UUID | None | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    model: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*\Z")] | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET
    variants: Annotated[list[EditVariant], Meta(max_length=200)] | UnsetType = UNSET


class CreateCategory(Command, frozen=True):
    name: Name
    slug: Slug | UnsetType = UNSET
    parent_id: UUID | None = None
    position: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class EditCategory(Command, frozen=True):
    name: Name | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    position: Annotated[int, Meta(ge=0, le=1_000_000)] | UnsetType = UNSET


class MoveCategory(Command, frozen=True):
    """`parent_id` null makes it a root."""

    parent_id: UUID | None


class CreateBrand(Command, frozen=True):
    name: Name
    slug: Slug | UnsetType = UNSET


class EditBrand(Command, frozen=True):
    name: Name | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
