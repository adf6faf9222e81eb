"""What the columns of a file of purchases can be."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Columns(BaseModel):
    """Which column of the file holds what.

    One of `amount` (of the line), `price` (of one unit) and `counts_only` of the source is needed.

    Attributes:
        price_unit: Of how many units the price is, where it is not of one.
        date: Day, with or without the time of day.
        customer_id: Who bought.
        time: Time of day, where it is a column of its own.
        status: What became of the order, or what kind of line it is.
        currency: ISO code of the row's amounts.
        order_discount: Discount on the whole order, on its first line or on each.
        shipping: What was paid for delivery: becomes a fee.
        refund: What was paid back: becomes a return on the day of the row.
        taken_back: Says something where a row is no sale: a day of cancelling, a mark.
        returned: Says something where a row takes a sale back: its money counts negative whatever its sign.
        returned_quantity: Pieces that came back: a return at the price that was paid, on the day of the row.
        tax: Tax in the amount.
        cost: Cost of goods of one unit.
        line_cost: Cost of goods of the line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: str
    customer_id: str
    order_id: str | None = None
    product_id: str | None = None
    store_id: str | None = None
    quantity: str | None = None
    amount: str | None = None
    price: str | None = None
    price_unit: str | None = None
    discount: str | None = None
    category: str | None = None
    region: str | None = None
    time: str | None = None
    status: str | None = None
    currency: str | None = None
    order_discount: str | None = None
    shipping: str | None = None
    refund: str | None = None
    taken_back: str | None = None
    returned: str | None = None
    returned_quantity: str | None = None
    tax: str | None = None
    cost: str | None = None
    line_cost: str | None = None

    def used(self) -> dict[str, str]:
        """Role to column, for the roles that are given."""
        return {role: column for role, column in self.model_dump().items() if column}
