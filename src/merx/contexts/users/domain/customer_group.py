"""Customers that prices and promotions treat alike: trade, employees, early adopters."""

from datetime import datetime

from merx.kernel.model import Entity


class CustomerGroup(Entity, kw_only=True):
    """`code` is what rules refer to; it never changes."""

    code: str
    name: str
    description: str = ""
    created_at: datetime
