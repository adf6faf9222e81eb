"""CDNOW: purchases of a 1997 first-quarter cohort of a music shop, full file and 1/10 sample."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from crm_lab.checks import BadInput
from crm_lab.data.quoting import path_of
from crm_lab.data.sources.base import Source
from crm_lab.messages import LANGUAGES, Message

_FILES = {"cdnow": "CDNOW_master.txt", "cdnow_sample": "CDNOW_sample.txt"}
_ID_FIELD = {"cdnow": 1, "cdnow_sample": 2}  # the sample numbers its customers anew in the second field


def _file(name: str) -> Path:
    spec = find_spec("lifetimes")
    if spec is None or spec.origin is None:
        raise BadInput(f"The source {name} needs the package lifetimes; run `make setup`.")
    return Path(spec.origin).parent / "datasets" / _FILES[name]


def source(name: str = "cdnow") -> Source:
    """Order-level: one raw row a purchase, with units and amount; days only, no times, no products."""
    path = _file(name)
    at = _ID_FIELD[name]
    return Source(
        name=name,
        title=Message(f"source.{name}").text("en"),
        titles={lang: Message(f"source.{name}").text(lang) for lang in LANGUAGES},
        licence="Fader & Hardie, free for research and teaching; carried by lifetimes (MIT)",
        currency="USD",
        files=(path,),
        raw=f"""
            select row_number() over () as source_row, fields
            from (select regexp_split_to_array(trim(line), '\\s+') as fields
                  from read_csv({path_of(path)}, header = false, all_varchar = true, columns = {{'line': 'varchar'}},
                                delim = '\\x01', quote = '', escape = ''))
            where regexp_full_match(fields[1], '\\d+')""",
        mapping={
            "order_id": "'P' || source_row",
            "customer_id": f"fields[{at}]",
            "product_id": "null",
            "store_id": "null",
            "moment": f"strptime(fields[{at + 1}], '%Y%m%d')",
            "quantity": f"fields[{at + 2}]",
            "gross_amount": f"fields[{at + 3}]",
            "discount_amount": "0",
            "net_amount": f"fields[{at + 3}]",
        },
        has_hours=False,
    )
