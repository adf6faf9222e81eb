"""Rows of a JSON file: objects one a line, in a list or in a list inside an object; lines inside orders become rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import IO, Any

from crm_lab.data.sources.opening.reading import Reading
from crm_lab.data.sources.opening.text_file import open_text
from crm_lab.data.sources.refusal import refused

_LOOKED_AT = 1_000
_DEEP = 3
_WRAPPERS = re.compile(
    r"orders?|data|results?|records?|rows|list|sales|transactions?|receipts?|invoices?|purchases|payments|value|edges"
    r"|d|response|content|embedded|nodes|elements"
    r"|items|bestellungen|commandes|pedidos|订单|訂單"
)
_LINES = re.compile(
    r"(?:order|sales?|receipt|invoice|bill)?(?:line)?(?:items?|lines?|products|articles|entries|details|rows|positions"
    r"|positionen|artikel|articles|lignes|lineas|productos)|basket|cart|商品|明细|商品明细|订单明细"
)
_LINE_KEYS = re.compile(
    r"qty|quantity|units|menge|anzahl|price|preis|amount|total|sku|product|item|数量|单价|金额|商品"
)
_REFUNDS = re.compile(r"refunds?|returns?|creditnotes?|creditmemos?|erstattungen|retouren|退款|退货")
_DAY = re.compile(
    r"(?:date|time)?(?:created|processed|refunded|issued)?(?:at|on|date|time)?(?:created)?(?:gmt|utc)?|datum|日期|时间"
)
_MONEY = ("amount", "total", "refundamount", "amountrefunded", "totalrefunded", "value", "subtotal", "sum", "金额")


@dataclass(frozen=True, slots=True)
class Nesting:
    """What stands inside the objects of a file.

    Attributes:
        lines: Key of the lists that hold an order's lines; empty where there are none.
        refunds: Key of the lists that hold what was paid back.
        shared: Keys that orders and their lines both have.
        day: Key of an order's day.
        money: Keys of a line that hold its money: price, amount.
        units: Key of a line that counts pieces.
    """

    lines: str = ""
    refunds: str = ""
    shared: frozenset[str] = frozenset()
    day: str = ""
    money: tuple[str, ...] = ()
    units: str = ""


def json_keys(reading: Reading) -> list[str]:
    """The columns of a JSON file, in the order in which its first objects name them.

    Raises:
        BadInput: If it is no JSON, or holds other things than objects.
    """
    return list(dict.fromkeys(key for row in islice(json_rows(reading), _LOOKED_AT) for key in row))


def json_rows(reading: Reading) -> Iterator[dict[str, str]]:
    """The rows of a JSON file, those of objects inside named with a point: ``customer.id``.

    A list of objects inside each object holds its lines: a row each, with what stands beside the list. What was paid
    back becomes rows of its own, dated where they have a day.

    Raises:
        BadInput: If it is no JSON, or holds other things than objects.
    """
    nesting = nesting_of(reading)
    for one in json_objects(reading):
        yield from _rows(one, nesting)


def nesting_of(reading: Reading) -> Nesting:
    """What stands inside the first objects of a file."""
    first = list(islice(json_objects(reading), _LOOKED_AT))
    lists: dict[str, list[Any]] = {}
    for one in first:
        for key, value in one.items():
            if isinstance(value, list) and all(isinstance(item, dict) for item in value):
                lists.setdefault(key, []).extend(value)
    lists = {key: items for key, items in lists.items() if items}
    refunds = next((key for key in lists if _REFUNDS.fullmatch(_plain(key))), "")
    named = [key for key in lists if _LINES.fullmatch(_plain(key))]
    shaped = [key for key in lists if key != refunds and _are_lines(lists[key])]
    lines = next(iter(named or (shaped if len(shaped) == 1 else [])), "")
    inside = dict.fromkeys(key for item in lists.get(lines, []) for key in _flat(item))
    outside = {key for one in first for key in _flat({k: v for k, v in one.items() if k != lines})}
    day = next((key for key in dict.fromkeys(k for one in first for k in one) if _is_day(key)), "")
    money = tuple(key for key in inside if _plain(key) in (*_MONEY, "price", "unitprice", "linetotal", "totalprice"))
    units = next((key for key in inside if _plain(key) in ("quantity", "qty", "units", "count")), "")
    return Nesting(lines, refunds, frozenset(outside & set(inside)), day, money, units)


def _are_lines(items: Sequence[Mapping[str, Any]]) -> bool:
    keys = {_plain(key) for item in items for key in item}
    return sum(bool(_LINE_KEYS.search(key)) for key in keys) > 1


def _is_day(key: str) -> bool:
    return bool(_plain(key)) and _DAY.fullmatch(_plain(key)) is not None


def _plain(key: str) -> str:
    return re.sub(r"[\W_]+", "", key.lower())


def _rows(one: Mapping[str, Any], nesting: Nesting) -> Iterator[dict[str, str]]:
    if not nesting.lines:
        yield _flat(one) | _refund_of(one, nesting)
        return
    beside = {key: value for key, value in one.items() if key not in (nesting.lines, nesting.refunds)}
    order = {_order_key(key, nesting, beside): value for key, value in _flat(beside).items()}
    for line in _inside(one, nesting.lines) or [{}]:
        yield order | _flat(line)
    for refund in _inside(one, nesting.refunds):
        yield order | _return(refund, one, nesting)


def _inside(one: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects that stand under a key: a list of them, one without a list, or none."""
    found = one.get(key) if key else None
    items = [found] if isinstance(found, dict) and found else found or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise refused("no_objects_inside", where=key, example=json.dumps(found, ensure_ascii=False)[:120])
    return items


def _order_key(key: str, nesting: Nesting, beside: Mapping[str, Any]) -> str:
    if key == "id" and "order_id" not in beside and "order_id" not in nesting.shared:
        return "order_id"
    return f"order.{key}" if key in nesting.shared else key


def _return(refund: Mapping[str, Any], one: Mapping[str, Any], nesting: Nesting) -> dict[str, str]:
    """A row that takes money back, on its own day where it has one."""
    paid = _money_in(refund)
    if paid is None:
        raise refused("refund_without_amount", example=json.dumps(refund, ensure_ascii=False)[:120])
    day = next((str(refund[key]) for key in refund if _is_day(key) and refund[key]), "") or str(
        one.get(nesting.day, "")
    )
    prices = {key: str(abs(paid) if "price" in _plain(key) else -abs(paid)) for key in nesting.money}
    key = _order_key(nesting.day, nesting, one)
    return {**({key: day} if nesting.day else {}), **prices, **({nesting.units: "-1"} if nesting.units else {})}


def _refund_of(one: Mapping[str, Any], nesting: Nesting) -> dict[str, str]:
    """What was paid back of an order without lines, as a column of its row."""
    found = [_money_in(refund) for refund in _inside(one, nesting.refunds)]
    if any(value is None for value in found):
        raise refused("refund_without_amount", example=json.dumps(one.get(nesting.refunds), ensure_ascii=False)[:120])
    return (
        {nesting.refunds: str(sum(abs(v) for v in found if v is not None)) if found else ""} if nesting.refunds else {}
    )


def _money_in(refund: Mapping[str, Any]) -> Decimal | None:
    """The money of a refund: its own, or that of the payments or lines inside it."""
    plain = {_plain(key): value for key, value in refund.items()}
    for name in _MONEY:
        try:
            return Decimal(str(plain[name]))
        except (KeyError, InvalidOperation):
            continue
    for name in ("transactions", "refundlineitems", "lineitems", "items", "lines"):
        items = plain.get(name)
        inside = [_money_in(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        if inside and None not in inside:
            return sum((abs(value) for value in inside if value is not None), Decimal(0))
    return None


def _flat(one: Mapping[str, Any], before: str = "", deep: int = 0) -> dict[str, str]:
    """An object's values as text; those of objects inside under names with a point, lists as they are written."""
    made: dict[str, str] = {}
    for key, given in one.items():
        value = _typed(given)
        if isinstance(value, dict) and deep < _DEEP:
            made |= _flat(value, f"{before}{key}.", deep + 1)
        else:
            made[before + key] = _text(value)
    return made


def _typed(value: object) -> object:
    """A value out of the object that says its type: ``{"$date": ...}`` of MongoDB, ``{"N": "12.5"}`` of DynamoDB."""
    key, inside = next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else ("", None)
    said = key.startswith("$") or (key in ("S", "N") and isinstance(inside, str))
    return _typed(inside) if said else value


def _text(value: object) -> str:
    if value is None or value in ([], {}):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_objects(reading: Reading) -> Iterator[dict[str, Any]]:
    """The objects of a file: one a line, in a list, or in a list inside an object.

    Raises:
        BadInput: If it is no JSON, or holds other things than objects.
    """
    with open_text(reading) as stream:
        if _first_sign(stream) == "[" or _is_one_object(stream):
            yield from _listed(reading, stream)
            return
        for number, line in enumerate(stream, start=1):
            if line.strip():
                try:
                    row = json.loads(line, parse_float=str, parse_int=str)
                except (ValueError, RecursionError) as error:
                    raise refused("no_json_line", line=number, name=reading.path.name, words=error) from error
                if not isinstance(row, dict):
                    raise refused("no_object_line", line=number, name=reading.path.name)
                yield _opened(row)


def _first_sign(stream: IO[str]) -> str:
    """A text's first sign; the text is read from its beginning afterwards."""
    head = stream.read(1000).lstrip("\ufeff \r\n\t")
    stream.seek(0)
    return head[:1]


def _is_one_object(stream: IO[str]) -> bool:
    """Whether a text is one object over several lines, or one on one line that holds a list of others."""
    lines = (line for line in stream if line.strip())
    first, second = next(lines, ""), next(lines, None)
    stream.seek(0)
    try:
        row = json.loads(first.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return first.strip("\ufeff \r\n\t") == "{" or (second is not None and not second.lstrip().startswith("{"))
    return second is None and isinstance(row, dict) and bool(_wrapped(row))


def _wrapped(row: Mapping[str, Any]) -> list[Any]:
    """The list of objects that an object holds under a usual name, one or two steps down."""
    for key, value in row.items():
        if _WRAPPERS.fullmatch(_plain(key)):
            if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
                return [_opened(item) for item in value]
            if isinstance(value, dict) and (found := _wrapped(value)):
                return found
    return []


def _opened(item: dict[str, Any]) -> dict[str, Any]:
    """What an object holds under one of the keys that interfaces wrap a record in, beside what else it says."""
    inside = next((key for key in ("node", "Item", "attributes") if isinstance(item.get(key), dict)), "")
    return {**{key: value for key, value in item.items() if key != inside}, **item[inside]} if inside else item


def _listed(reading: Reading, stream: IO[str]) -> Iterator[dict[str, Any]]:
    try:
        rows = json.load(stream, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise refused("no_json", name=reading.path.name, words=error) from error
    if isinstance(rows, dict):
        rows = _wrapped(rows) or [rows]
    odd = next((place for place, row in enumerate(rows, start=1) if not isinstance(row, dict)), None)
    if odd is not None:
        raise refused("no_object", item=odd, name=reading.path.name)
    yield from map(_opened, rows)
