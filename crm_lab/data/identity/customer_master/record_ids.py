"""Ids of records: given once, whole, of one numbering, and those of the tables."""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd

from crm_lab.checks import BadInput, Problems
from crm_lab.data.identity.customer_master.master_file import CUT_OFF
from crm_lab.data.identity.standards.field_roles import FieldRoles
from crm_lab.messages import Message


def check_ids(records: pd.DataFrame, roles: FieldRoles) -> None:
    """Refuse ids that are missing, repeated, used by two systems, or cut off by a spreadsheet; all with counts.

    >>> check_ids(pd.DataFrame({"id": ["1", "1"], "mail": ["a@b.co", "c@d.co"]}), FieldRoles("id", email="mail"))
    Traceback (most recent call last):
    crm_lab.checks.BadInput: The ids of the records (id):
      - 1 id stands on several rows; one row is taken per account: keep the latest of each, or number the rows.

    Args:
        records: One row per record.
        roles: Which column plays which part.

    Raises:
        BadInput: Naming every problem.
    """
    ids = records[roles.record_id].astype("string").str.strip()
    ids = ids.where(ids != "")
    problems = Problems(Message("identity.master.ids", {"column": roles.record_id}).text())
    empty, cut = int(ids.isna().sum()), int(ids.str.fullmatch(CUT_OFF.pattern).fillna(False).sum())
    if empty:
        problems.found.append(Message("identity.master.no_id", {"n": empty, "of": len(ids)}).text())
    if cut:
        problems.found.append(Message("identity.master.cut_ids", {"n": cut}).text())
    problems.extend(_repeated(records, ids, roles))
    problems.raise_any()


def _repeated(records: pd.DataFrame, ids: pd.Series, roles: FieldRoles) -> list[str]:
    rows = records.assign(id_=ids).dropna(subset=["id_"])
    rows = rows[rows["id_"].duplicated(keep=False)]
    if rows.empty:
        return []
    across = 0
    if roles.source:
        systems = rows.groupby("id_")[roles.source].nunique()
        shared = rows[rows["id_"].isin(systems.index[systems > 1])]
        across = int(shared["id_"].nunique())
    if not across:
        return [Message("identity.master.repeated", {"n": int(rows["id_"].nunique())}).text()]
    names = [c for r, c in roles.evidence().items() if r in ("full_name", "given_name", "family_name", "birth_date")]
    texts = shared[names].fillna("").astype(str).agg(" ".join, axis=1).str.lower() if names else None
    other = 0 if texts is None else int(texts.groupby(shared["id_"]).agg(lambda column: len(set(column)) > 1).sum())
    systems_ = ", ".join(sorted(map(str, shared[roles.source].dropna().unique()))[:4])
    return [Message("identity.master.across", {"n": across, "other": other, "systems": systems_}).text()]


def check_known(ids: pd.Series, customers: Collection[str], title: str) -> None:
    """Refuse records of which not one is a customer of the tables, and say how the ids differ; no id is shown.

    >>> check_known(pd.Series(["7", "8"]), {"007", "008"}, "shop")
    Traceback (most recent call last):
    crm_lab.checks.BadInput: Not one of the 2 ids of the records is a customer of shop: there ids look like 999, ...

    Args:
        ids: Of the records.
        customers: Of the tables.
        title: Of the source.

    Raises:
        BadInput: With the forms of both.
    """
    if ids.isin(list(customers)).any():
        return
    bare = {str(who).lstrip("0") for who in customers}
    zeros = int(ids.astype(str).str.lstrip("0").isin(bare).sum())
    there = form_of_id(next(iter(sorted(customers)), ""))
    values = {"n": len(ids), "title": title, "there": there, "here": form_of_id(str(ids.iloc[0])), "zeros": zeros}
    raise BadInput(Message(f"identity.master.{'zeros' if zeros else 'strangers'}", values).text())


def form_of_id(text: str) -> str:
    """How an id is built, without the id: digits as 9, letters as A or a.

    >>> form_of_id("C0012-x")
    'A9999-a'
    """
    upper = re.sub(r"[^\W\d_a-z]", "A", text)
    return re.sub(r"\d", "9", re.sub(r"[a-z]", "a", upper))[:24]
