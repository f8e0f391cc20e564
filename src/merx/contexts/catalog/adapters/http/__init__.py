"""The catalogue over HTTP."""

from merx.contexts.catalog.adapters.http.shop import BrandController, CategoryController, ProductController
from merx.contexts.catalog.adapters.http.staff import StaffBrands, StaffCategories, StaffProducts

__all__ = [
    "BrandController",
    "CategoryController",
    "ProductController",
    "StaffBrands",
    "StaffCategories",
    "StaffProducts",
]
