"""Two made-up exports with their truth, in the forms that Shopify and Taobao write."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

SHOPIFY = (  # noqa: SIM905 - as the file has it
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,"
    "Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing City,"
    "Notes,Cancelled at,Refunded Amount,Vendor,Id,Lineitem discount,Phone"
).split(",")
TAOBAO = (  # noqa: SIM905 - as the file has it
    "订单编号,买家会员名,买家应付货款,买家应付邮费,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间,宝贝标题,"
    "宝贝总数量,退款金额"
).split(",")


@dataclass
class Truth:
    """What is true of an export: money by its net total, orders and customers that bought."""

    net: Decimal = Decimal(0)
    orders: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)


def _moments(dice: random.Random, orders: int) -> list[datetime]:
    first = datetime(2023, 1, 3, 9, tzinfo=timezone(timedelta(hours=1)))
    days = sorted(dice.randrange(620) for _ in range(orders))
    return [first + timedelta(days=day, minutes=dice.randrange(720)) for day in days]


def write_shopify(path: Path, orders: int = 900) -> Truth:
    """Orders of one to three lines: the order's values on its first line, refunds, voids, shipping, discounts."""
    dice, truth, rows = random.Random(3), Truth(), []  # noqa: S311 - made-up sales
    for number, when in enumerate(_moments(dice, orders), start=1001):
        who = f"shopper{min(dice.randrange(260), dice.randrange(260))}@example.com"
        lines = [(dice.randrange(1, 3), Decimal(dice.randrange(500, 6000)) / 100) for _ in range(dice.randrange(1, 4))]
        subtotal = sum((n * price for n, price in lines), Decimal(0))
        discount = (subtotal / 10).quantize(Decimal("0.01")) if dice.random() < 0.2 else Decimal(0)
        shipping = Decimal("4.90") if subtotal < 40 else Decimal(0)
        status = dice.choices(["paid", "partially_refunded", "voided", "refunded"], [90, 4, 3, 3])[0]
        total = subtotal - discount + shipping
        refund = {"partially_refunded": lines[0][1], "refunded": total}.get(status, Decimal(0))
        if status in ("paid", "partially_refunded"):
            truth.net += total - refund
            truth.orders.add(f"#{number}")
            truth.customers.add(who)
        stamp = when.strftime("%Y-%m-%d %H:%M:%S +0100")
        for place, (units, price) in enumerate(lines):
            of_order = [
                status, stamp, "fulfilled", "EUR", subtotal - discount, shipping, 0, total, "", discount,
            ] if place == 0 else [""] * 10  # fmt: skip
            sku = f"S{dice.randrange(12):02}"
            rest = [
                f"Thing {sku}",
                price,
                sku,
                "Somebody",
                "Bonn",
                "",
                "",
                refund if place == 0 else "",
                "Shop",
                number,
            ]
            rows.append([f"#{number}", who, *of_order, stamp, units, *rest, 0, ""])
    _write(path, SHOPIFY, rows, "utf-8")
    return truth


def write_taobao(path: Path, orders: int = 900) -> Truth:
    """A row an order, in GBK: closed orders are no sales, refunds are returns of theirs."""
    dice, truth, rows = random.Random(4), Truth(), []  # noqa: S311 - made-up sales
    for number, when in enumerate(_moments(dice, orders), start=40_001):
        who = f"买家{min(dice.randrange(260), dice.randrange(260))}"
        paid = Decimal(dice.randrange(900, 30_000)) / 100
        status = dice.choices(["交易成功", "交易关闭"], [95, 5])[0]
        refund = (paid / 4).quantize(Decimal("0.01")) if status == "交易成功" and dice.random() < 0.05 else Decimal(0)
        if status == "交易成功":
            truth.net += paid - refund
            truth.orders.add(str(number))
            truth.customers.add(who)
        stamp = when.strftime("%Y-%m-%d %H:%M:%S")
        rows.append([f'="{number}"', who, paid, 0, paid, paid, status, stamp, stamp if status == "交易成功" else "",
                     f"茶{dice.randrange(9)}号", dice.randrange(1, 4), refund])  # fmt: skip
    _write(path, TAOBAO, rows, "gbk")
    return truth


def _write(path: Path, header: list[str], rows: list[list[object]], encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header, *rows])
