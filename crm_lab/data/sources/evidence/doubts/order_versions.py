"""Orders that stand in two files in two versions: an order edited between two exports must not count twice."""

from __future__ import annotations

from crm_lab.data.sources.evidence.findings import Answers, Settled, say
from crm_lab.data.sources.evidence.whole_file import WholeFile
from crm_lab.data.sources.lines.edited_orders import latest_versions, same_order, sells
from crm_lab.data.sources.lines.several_files import LAST, OVERLAP
from crm_lab.data.sources.raw_rows import PART


def settle_versions(file: WholeFile, answers: Answers, settled: Settled) -> None:
    """Ask which version counts where orders stand in two files and are not the same there; look at the latest ones.

    One order on the border of two files may have some lines in each; more of them, or one that has a line or a product
    in both, was edited. What has a negative amount is a return, and no other version.
    """
    columns = settled.columns
    if "order_id" not in columns or answers.overlap in ("once", "kept"):
        return
    if (OVERLAP,) not in file.rows("select column_name from (describe looked_at_all)"):
        return
    within, parts = settled.settings.get("order_within", ()), settled.settings.get("parts", {})
    key, product = same_order(columns, within), columns.get("product_id")
    again = f"count(*) > count(distinct {file.text(product)}) or bool_or({LAST} <> {PART})" if product else "true"
    n, same, example, places = file.rows(
        f"select count(*), count(*) filter (again), min(k), (select count(distinct {PART}) from looked) from"
        f" (select {key} as k, {again} as again, count(distinct {LAST}) as places from looked"
        f" where broken_row is null and {key} is not null and {sells(columns, parts)} group by 1) where places > 1"
    )[0]
    if not n or (not same and n < places):
        return
    settled.take(say("repeats.versions_latest", n=n), versions="latest")
    file.rewrite(lambda raw: f"from ({latest_versions(raw, columns, within, parts)}) where not {OVERLAP}")
    if answers.overlap != "latest":
        shown = str(example).partition("|")[0]
        settled.ask(
            "overlap",
            say("repeats.versions", n=n, example=shown, column=columns["order_id"]),
            (say("repeats.latest_counts"), "--overlap latest"),
            (say("repeats.all_count"), "--overlap once"),
        )
