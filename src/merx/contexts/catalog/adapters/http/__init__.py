"""The catalogue over HTTP."""

from merx.contexts.catalog.adapters.http.shop import BrandController, CategoryController, ProductController
from merx.contexts.catalog.adapters.http.staff import StaffProducts
from merx.contexts.catalog.adapters.http.staff_taxonomy import StaffBrands, StaffCategories

__all__ = [
    "BrandController",
    "CategoryController",
    "ProductController",
    "StaffBrands",
    "StaffCategories",
    "StaffProducts",
]
