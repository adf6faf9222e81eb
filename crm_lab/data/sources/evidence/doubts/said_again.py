"""Sales that a file says again: a line once for each parcel, promotion or snapshot, or as the parts of a bundle."""

from __future__ import annotations

import re

from crm_lab.data.sources.evidence.findings import Answers, Settled, say, shell
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.first_look.column_vocabulary import plain_name
from crm_lab.data.sources.lines.edited_orders import sells
from crm_lab.data.sources.lines.row_meaning import says_something
from crm_lab.data.sources.sql import PRICE, filled, number

_A_FEW, _MANY = 10, 0.03
_HALF = 0.5
_PARENT = re.compile(r"parent|ubergeordn|hauptposition|lignemere|lineapadre|父")
_OTHER_THING = re.compile(
    r"size|colou?r|farbe|grosse|taille|couleur|talla|variant|option|modif|serial|charge$|^lot|batch|规格|颜色|尺码|款式"
    r"|time|uhrzeit|heure|hora|时间"
)


def ask_of_lines_said_again(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask where many lines differ from another of their order only in columns that are not read.

    Columns that number the lines, or name another size of the same thing, tell lines apart; others, as that of a
    parcel, a promotion or the day of a snapshot, say the same sale again.

    Args:
        file: The file.
        answers: What the user said.
        settled: Where the columns are noted that do not tell a line from its twin, or the question.
    """
    read = list(dict.fromkeys(settled.columns.values()))
    left = [c for c in file.header if c not in read and not c.startswith("lab_")]
    if "order_id" not in settled.columns or not left or answers.repeats == "kept":
        return
    differ = ", ".join(f"count(distinct coalesce({filled(column)}, '')) > 1 as d{i}" for i, column in enumerate(left))
    groups = (
        f"(select count(*) as n, {differ} from looked where broken_row is null"
        f" and {filled(settled.columns['order_id'])} is not null group by {', '.join(map(filled, read))}"
        " having count(*) > 1)"
    )
    some = " or ".join(f"d{i}" for i in range(len(left)))
    each = ", ".join(f"count(*) filter (d{i})" for i in range(len(left)))
    n, *times = file.rows(f"select coalesce(sum(n - 1) filter ({some}), 0), {each} from {groups}")[0]
    (rows,) = file.row("count(*)")
    columns = [column for column, in_groups in zip(left, times, strict=True) if in_groups]
    if n <= max(_A_FEW, _MANY * rows) or any(_tells_lines_apart(file, column, settled) for column in columns):
        return
    if answers.repeats:
        settled.take(say("repeats.said_again", n=n, columns=", ".join(columns)), said_again=columns)
        return
    settled.ask(
        "repeats",
        say("repeats.differ_only_in", n=n, rows=rows, columns=", ".join(columns)),
        (say("repeats.listed_for_each", columns=", ".join(columns)), "--repeats set_aside"),
        (say("repeats.each_a_sale"), "--repeats kept"),
    )


def _tells_lines_apart(file: WholeFile, column: str, settled: Settled) -> bool:
    """Whether a column numbers rows, or lines within their order, or says which size or colour a line is of."""
    if _OTHER_THING.search(plain_name(column)):
        return True
    value, order = filled(column), filled(settled.columns["order_id"])
    there, kinds, within, whole = file.row(
        f"count({value}), count(distinct {value}), count(distinct ({order}, {value})) filter ({value} is not null),"
        f" bool_and(regexp_full_match({value}, '\\d{{1,3}}'))"
    )
    return bool(there and (there == kinds or (there == within and whole)))


def ask_of_parts(file: WholeFile, column: str, settled: Settled) -> bool:
    """Ask of a column that names another row, where both rows hold money: do parts of a bundle count twice?

    Args:
        file: The file.
        column: One that is not read.
        settled: Where the question is noted.

    Returns:
        Whether it was asked.
    """
    if not _PARENT.search(plain_name(column)):
        return False
    role = "amount" if "amount" in settled.columns else "price"
    money = f"{number(settled.columns[role], str(settled.settings.get('decimal', '.')), PRICE)} <> 0"
    part = f"{says_something(column)} and {money} and {sells(settled.columns)}"
    (n,) = file.row("count(*)", part)
    if not n or n == file.row("count(*)")[0]:
        return False
    for other in (c for c in file.header if c != column and not c.startswith("lab_")):
        named, held = file.rows(
            f"select count(*), count(*) filter (m) from (select {filled(other)} as v, bool_or({money}) as m from looked"
            f" where broken_row is null group by 1) where v in (select {filled(column)} from looked where {part})"
        )[0]
        kinds = file.row(f"count(distinct {filled(column)})", part)[0]
        if named >= _HALF * kinds:
            if held >= _HALF * named:
                settled.ask(
                    "ignored",
                    say("notes.parts", column=column, n=n, other=other),
                    (say("notes.part_of_another"), f"--column taken_back={shell(column)}"),
                    (say("notes.counts_itself"), f"--ignore {shell(column)}"),
                )
            return bool(held >= _HALF * named)
    return False
