"""Damaged CSV files and what must hold of them; used by the tests and by the certification."""

from hypothesis import strategies as st

from crm_lab import BadInput, open_workspace
from crm_lab.data.quality.reconciliation import reconcile

HEADER = b"order,customer,item,units,price,when"
TABLE = """
[source]
name = "damaged"
path = "damaged.csv"
[source.columns]
order_id = "order"
customer_id = "customer"
product_id = "item"
quantity = "units"
price = "price"
date = "when"
"""


def _field(position, text):
    """Damage that puts a text into one field of a row."""

    def damage(row):
        fields = row.split(b",")
        fields[position] = text
        return b",".join(fields)

    return damage


DAMAGE = {
    "open quote": _field(2, b'"p1'),
    "too few fields": lambda row: row.rsplit(b",", 3)[0],
    "too many fields": lambda row: row + b",more",
    "text for a number": _field(3, b"many"),
    "no customer": _field(1, b""),
    "zero byte": _field(2, b"p\x00"),
    "impossible date": _field(5, b"2024-02-31 10:00:00"),
    "huge price": _field(4, b"9" * 40),
    "returned": _field(3, b"-1"),
    "not utf-8": lambda row: row + b"\xe9",
    "empty line": lambda _: b"",
    "cut": lambda row: row[: len(row) // 2],
    "twice": lambda row: row + b"\n" + row,
    "carriage return": lambda row: row + b"\r",
    "spaces": lambda row: row.replace(b",", b" , "),
}
HARMLESS = {"no customer", "returned", "empty line", "twice", "carriage return"}


def clean_rows(n):
    return [
        f"{i // 2},c{i % 7},p{i % 5},{1 + i % 3},{2 + i % 4}.50,2024-0{1 + i % 9}-15 10:00:00".encode()
        for i in range(n)
    ]


@st.composite
def damaged_files(draw):
    """A file's bytes and the kinds of damage in it: up to four rows, at times the end cut off."""
    rows = clean_rows(draw(st.integers(30, 80)))
    kinds = {}
    for position in draw(st.lists(st.integers(0, len(rows) - 1), max_size=4, unique=True)):
        kinds[position] = draw(st.sampled_from(sorted(DAMAGE)))
        rows[position] = DAMAGE[kinds[position]](rows[position])
    content = b"\n".join([HEADER, *rows, b""])
    if draw(st.integers(0, 9)) == 0:
        return content[: draw(st.integers(0, len(content)))], {*kinds.values(), "cut"}
    return content, set(kinds.values())


def outcome(folder, content):
    """``refused`` (in words), or ``built`` with every row in exactly one of the tables and books that close."""
    (folder / "damaged.csv").write_bytes(content)
    (folder / "damaged.toml").write_text(TABLE)
    try:
        workspace = open_workspace(str(folder / "damaged.toml"))
    except BadInput:
        return "refused"
    ledger = workspace.stored("ledger").set_index("item")["rows_touched"]
    kept = workspace.stored("transactions", "source_row")["source_row"]
    aside = workspace.stored("quarantine", "source_row")["source_row"]
    assert ledger["raw"] == ledger["clean"] + ledger["quarantine"]
    assert sorted([*kept, *aside]) == list(range(1, ledger["raw"] + 1))
    assert reconcile(workspace.at()).closes
    return "built"
