"""What a customer reads about an order."""

from merx.contexts.notifications.domain.body import Block, Lines, Link, Paragraph, Table
from merx.contexts.notifications.domain.shop import Said, Shop
from merx.contexts.orders.events import OrderCancelled, OrderPlaced, OrderShipped, PlacedLine

# Codes that read badly in a sentence.
_PAYMENT_NAMES = {"cod": "cash on delivery"}


def order_placed(event: OrderPlaced, shop: Shop) -> Said:
    address = event.address
    blocks: list[Block] = [
        Paragraph(f"Hello {address.name},"),
        Paragraph(f"thank you for your order {event.number}."),
        Table(
            [
                *((_line(line), str(line.line_total)) for line in event.lines),
                ("Items", str(event.items_total)),
                (f"Shipping ({event.shipping_name})", str(event.shipping_total)),
                ("Total", str(event.total)),
            ],
            totals=3,
        ),
        Paragraph(f"Payment: {_PAYMENT_NAMES.get(event.payment_method, event.payment_method.replace('_', ' '))}"),
        Paragraph("We send it to:"),
        Lines(
            [
                address.name,
                address.line1,
                address.line2,
                f"{address.postal_code} {address.city}",
                f"{address.region} {address.country}",
                address.phone,
            ]
        ),
    ]
    if shop.public_url:
        blocks.append(Link("See your order", shop.order_link(event.order_id, guest=event.customer_id is None)))
    return f"Your order {event.number}", blocks


def _line(line: PlacedLine) -> str:
    options = ", ".join(f"{name}: {value}" for name, value in line.options.items())
    return f"{line.quantity} × {line.name}" + (f" ({options})" if options else "")


def order_shipped(event: OrderShipped, _: Shop) -> Said:
    units = sum(event.quantities.values())
    blocks: list[Block] = [
        Paragraph("Hello,"),
        Paragraph(f"{units} {'item' if units == 1 else 'items'} of your order {event.number} left our house."),
    ]
    if event.carrier or event.tracking_number:
        blocks.append(Lines([f"Carrier: {event.carrier}" if event.carrier else "", _tracking(event.tracking_number)]))
    return f"Your order {event.number} is on its way", blocks


def _tracking(number: str) -> str:
    return f"Tracking number: {number}" if number else ""


def order_cancelled(event: OrderCancelled, _: Shop) -> Said:
    rest = "" if event.whole else "the rest of "
    blocks: list[Block] = [Paragraph("Hello,"), Paragraph(f"{rest}your order {event.number} was cancelled.")]
    if not event.whole:
        blocks.append(Paragraph("What was sent before is yours; only that is to be paid."))
    if event.reason:
        blocks.append(Paragraph(f"Reason: {event.reason}"))
    subject = f"Your order {event.number} was cancelled"
    return subject if event.whole else f"The rest of your order {event.number} was cancelled", blocks
