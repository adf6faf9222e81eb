"""Files in which each order stands once for each status that it had."""

from __future__ import annotations

import re

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.evidence.doubts.notes_and_codes import TAKEN_BACK
from crm_lab.data.sources.evidence.findings import Settled
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.refusal import refused
from crm_lab.data.sources.sql import filled

_SOME, _SHARE = 3, 0.1


def refuse_a_status_history(file: WholeFile, settled: Settled) -> None:
    """Refuse rows that repeat an order's line with another status.

    A sale and its return are two rows, too: statuses that take a sale back do not count.

    Raises:
        BadInput: With the number of orders and the statuses of one.
    """
    columns = settled.columns
    if not {"order_id", "status"} <= set(columns):
        return
    keys = [filled(columns[role]) for role in ("order_id", "product_id", "customer_id") if role in columns]
    held = [columns[role] for role in ("amount", "price", "quantity", "discount") if role in columns]
    status = f"lower({filled(columns['status'])})"
    same = " and ".join(f"count(distinct {filled(column)}) <= 1" for column in held) or "true"
    stays = f"{status} is not null and not regexp_matches({status}, {text_of(TAKEN_BACK)})"
    several, of, example = file.rows(
        f"select count(*) filter (statuses > 1 and alike), count(*), min(words) filter (statuses > 1 and alike) from"
        f" (select count(distinct {status}) filter ({stays}) as statuses, {same} as alike,"
        f" string_agg(distinct {status}, ', ' order by {status}) as words"
        f" from looked where broken_row is null and {keys[0]} is not null group by {', '.join(keys)})"
    )[0]
    if several >= max(_SOME, _SHARE * of):
        raise refused(
            "status_history", n=several, of=of, example=re.sub(" +", " ", str(example)), column=columns["status"]
        )
