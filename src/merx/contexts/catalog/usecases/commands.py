"""What staff can ask of the catalogue. Each struct is request body and use-case input in one."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from merx.contexts.catalog.domain.product import MAX_VARIANTS
from merx.kernel.model import Command
from merx.kernel.money import MAX_AMOUNT, CurrencyCode
from merx.kernel.text import LINE, Code, Name, Slug

# Limits are those of the import format (docs/catalogue-format.md): what came in by a feed can be edited and sent back.
ProductName = Annotated[str, Meta(min_length=1, max_length=300, pattern=LINE)]
Model = Annotated[str, Meta(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Description = Annotated[str, Meta(max_length=100_000, pattern=r"^[^\x00]*\Z")]
AttributeName = Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE)]
AttributeValue = (
    Annotated[str, Meta(max_length=10_000, pattern=r"^[^\x00]*\Z")]
    | Annotated[int, Meta(ge=-(2**53), le=2**53)]
    | Annotated[float, Meta(ge=-(2.0**53), le=2.0**53)]
    | bool
)
Attributes = Annotated[dict[AttributeName, AttributeValue], Meta(max_length=300)]
OptionName = Annotated[str, Meta(min_length=1, max_length=60, pattern=LINE)]
OptionValue = Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE)]
Options = Annotated[dict[OptionName, OptionValue], Meta(max_length=5)]
Barcodes = Annotated[list[Annotated[str, Meta(pattern=r"^[0-9]{8,14}\Z")]], Meta(max_length=200)]
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
    name: ProductName
    variants: Annotated[list[NewVariant], Meta(min_length=1, max_length=MAX_VARIANTS)]
    slug: Slug | UnsetType = UNSET
    brand_id: UUID | None = None
    category_id: UUID | None = None
    description: Description = ""
    model: Model = ""
    attributes: Attributes = {}


class EditProduct(Command, frozen=True):
    """Fields left out stay as they are. `variants` changes or adds the variants named and leaves the others."""

    name: ProductName | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    brand_id: UUID | None | UnsetType = UNSET
    category_id: UUID | None | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    model: Model | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET
    variants: Annotated[list[EditVariant], Meta(max_length=MAX_VARIANTS)] | UnsetType = UNSET


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
