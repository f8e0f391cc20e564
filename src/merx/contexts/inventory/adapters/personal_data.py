"""Stock knows orders and who counted by their ids alone."""

from merx.infra.personal_data import TableData

TABLES = (
    TableData(
        table="inventory.allocation",
        because="an order without its name leads to nobody; the row goes when the goods leave",
    ),
    TableData(
        table="inventory.movement",
        because="the ledger of goods has to add up for as long as the books are kept; its ids lead to nobody",
    ),
)
