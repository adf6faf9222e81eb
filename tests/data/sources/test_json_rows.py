"""Nested JSON: whatever stands where objects are expected, rows come out or a sentence says why not."""

import copy
import json
import re

import pytest

from crm_lab import BadInput
from crm_lab.data.sources.opening.json_rows import json_rows
from crm_lab.data.sources.opening.reading import Reading

ODD = (None, "", "x", 3, True, [], {}, [1], ["a"], [[]], [None], {"a": 1}, {"": "b"}, [{"a": 1}, 2])
ORDER = {
    "": "0",
    "id": 7,
    "created_at": "2024-03-01",
    "customer": {"id": "K1", "email": "k1@example.com"},
    "line_items": [{"sku": "A", "quantity": 2, "price": "3.50"}, {"sku": "B", "quantity": 1, "price": "1.00"}],
    "refunds": [{"created_at": "2024-03-05", "transactions": [{"amount": "3.50"}]}],
}
PLACES = (
    *((key,) for key in ORDER),
    ("customer", "id"),
    ("line_items", 0),
    ("line_items", 0, "price"),
    ("refunds", 0),
    ("refunds", 0, "created_at"),
    ("refunds", 0, "transactions"),
    ("refunds", 0, "transactions", 0),
    ("refunds", 0, "transactions", 0, "amount"),
)


def changed(place, value):
    order = copy.deepcopy(ORDER)
    at = order
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    return order


def rows_of(tmp_path, orders):
    path = tmp_path / "orders.json"
    path.write_text(json.dumps(orders), encoding="utf-8")
    return list(json_rows(Reading(path=path, format="json")))


def test_lines_and_refunds_become_rows(tmp_path):
    rows = rows_of(tmp_path, [ORDER])
    assert [row.get("sku") for row in rows] == ["A", "B", None]
    assert {row["customer.id"] for row in rows} == {"K1"}
    assert (rows[2]["created_at"], rows[2]["price"], rows[2]["quantity"]) == ("2024-03-05", "3.50", "-1")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "-".join(map(str, place)))
def test_odd_values_are_read_or_refused_in_words(tmp_path, place):
    read, said = 0, []
    for value in ODD:
        for orders in ([changed(place, value)], [ORDER, changed(place, value)], [changed(place, value), ORDER]):
            try:
                rows = rows_of(tmp_path, orders)
            except BadInput as error:
                said.append(str(error))
            else:
                assert all(isinstance(text, str) for row in rows for text in row.values())
                read += 1
    assert read or place[0] == "refunds"  # a refund of no known amount is never read
    assert not [words for words in said if not re.fullmatch(r".{20,}\.", words, re.DOTALL)]
