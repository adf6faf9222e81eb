"""Files in which each order stands once for each status that it had."""

from __future__ import annotations

import re

from crm_lab.data.quoting import text_of
from crm_lab.data.sources.evidence.doubts.notes_and_codes import TAKEN_BACK
from crm_lab.data.sources.evidence.findings import Answers, Settled
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.refusal import refused
from crm_lab.data.sources.sql import small

_SOME, _SHARE = 3, 0.1
_KINDS = re.compile(r"(?:line|row|record|entry|item|zeilen|positions)(?:type|typ|kind|art)")


def refuse_a_status_history(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Refuse rows that repeat an order's line with another status.

    A sale and its return are two rows, too: statuses that take a sale back do not count, nor those that are no sale by
    the user's words. A column of kinds of line is no history, whatever stands in it.

    Raises:
        BadInput: With the number of orders and the statuses of one.
    """
    columns = settled.columns
    if not {"order_id", "status"} <= set(columns) or _KINDS.search(plain_name(columns["status"])):
        return
    keys = [file.text(columns[role]) for role in ("order_id", "product_id", "customer_id") if role in columns]
    held = [columns[role] for role in ("amount", "price", "quantity", "discount") if role in columns]
    status = f"lower({file.text(columns['status'])})"
    same = " and ".join(f"count(distinct {file.text(column)}) <= 1" for column in held) or "true"
    stays = f"{status} is not null and not regexp_matches({status}, {text_of(TAKEN_BACK)})"
    none = [small(word) for word, means in answers.status.items() if means in ("no_sale", "return")]
    if none:
        stays += f" and {status} not in ({', '.join(map(text_of, none))})"
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
