"""Stock knows orders and who counted by their ids alone."""

from merx.infra.personal_data import TableData

TABLES = (
    TableData(
        table="inventory.allocation",
        plain="variant_id location_id quantity",
        identifier="order_id",
        because="an order without its name leads to nobody; the row goes when the goods leave",
    ),
    TableData(table="inventory.location", plain="id version code name priority active"),
    TableData(
        table="inventory.movement",
        # `reason` is what staff says of goods: water damage, recount.
        plain="id variant_id location_id kind on_hand allocated reason cause at",
        identifier="order_id actor",
        because="the ledger of goods has to add up for as long as the books are kept; its ids lead to nobody",
    ),
    TableData(table="inventory.stock", plain="variant_id location_id on_hand allocated sequence"),
)
