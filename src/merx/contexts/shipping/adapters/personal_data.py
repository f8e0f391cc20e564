"""Where the shop sends to and for how much: nothing here belongs to a person."""

from merx.infra.personal_data import TableData

TABLES = (
    TableData(table="shipping.method", plain="id version zone_id code name days_min days_max active"),
    TableData(table="shipping.rate", plain="id version method_id currency basis tiers free_from"),
    TableData(table="shipping.zone", plain="id version name countries postal_prefixes"),
)
