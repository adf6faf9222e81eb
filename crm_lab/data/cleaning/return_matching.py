"""Returned goods matched to the sale they take back, where the data name no order."""

from __future__ import annotations


def matched_sql(lines: str) -> str:
    """Clean lines with `return_of`: the first sale line that a negative line takes back.

    First in, first out within customer, product and unit price, on cumulative quantities: the n-th unit
    returned is the n-th unit bought. A match with a later sale is none; the unmatched keep a null.

    Args:
        lines: Name of the relation of clean lines, without `return_of`.
    """
    price = "round(net_amount / nullif(quantity, 0), 4)"
    units = "sum({units}) over (partition by customer_id, product_id, price order by day, line_id)"
    return f"""
        with priced as (select line_id, customer_id, product_id, day, kind, quantity, {price} as price from {lines}
                        where customer_id is not null and product_id is not null and quantity <> 0),
        taken_back as (select distinct customer_id, product_id from priced where quantity < 0),
        sold as (select *, {units.format(units="quantity")} as upto
                 from priced semi join taken_back using (customer_id, product_id) where kind = 'sale'),
        back as (select *, {units.format(units="-quantity")} as upto from priced
                 where kind in ('return', 'cancellation') and quantity < 0),
        matches as (
            select b.line_id, min(s.line_id) as return_of
            from back b join sold s using (customer_id, product_id, price)
            where s.upto - s.quantity < b.upto and b.upto + b.quantity < s.upto and s.day <= b.day
            group by b.line_id)
        select lines.*, matches.return_of from {lines} lines left join matches using (line_id)"""
