"""A seeded sample of a source's customers: ``complete_journey,customers=300,seed=7``.

All lines of the customers drawn, none of the others'. A draw is the order of a hash of seed and id, so it does not
depend on the order of rows; what belongs to nobody is left out. The customers with the first and the last line are
always among them, so that a sample covers the same days as the whole.
"""

from __future__ import annotations

from dataclasses import replace

from crm_lab.checks import Problems
from crm_lab.data.sources.base import Source
from crm_lab.messages import LANGUAGES, Message
from crm_lab.tables import TABLES

_FORM = "write it like complete_journey,customers=300,seed=7"


def sample_of(source: Source, settings: str) -> Source:
    """The same source with so many of its customers; all of them where it has no more.

    Args:
        source: The whole data set.
        settings: What stands behind its name: ``customers=300,seed=7``.

    Raises:
        BadInput: If a setting is unknown or no whole number.
    """
    customers, seed = _read(f"{source.name},{settings}", settings)
    who = source.mapping["customer_id"]
    drawn = f"""
        with who as (select ({who})::text as id, min({source.mapping["moment"]}) as began,
                            max({source.mapping["moment"]}) as ended
                     from ({source.raw}) where ({who}) is not null group by all)
        select id from who
        order by id <> (select id from who order by began, id limit 1),
                 id <> (select id from who order by ended desc, id limit 1), md5('{seed}/' || id), id
        limit {customers}"""
    of_customers = {name: "customer_id" in TABLES[name].column_names for name in source.dimensions}
    return replace(
        source,
        name=f"{source.name},customers={customers},seed={seed}",
        title=_title(source, customers, "en"),
        titles={lang: _title(source, customers, lang) for lang in LANGUAGES},
        raw=f"select * from ({source.raw}) where ({who})::text in ({drawn})",
        dimensions={
            name: f"select * from ({sql}) where customer_id in ({drawn})" if of_customers[name] else sql
            for name, sql in source.dimensions.items()
        },
    )


def _title(source: Source, customers: int, lang: str) -> str:
    whole = source.titles.get(lang, source.title)
    return Message("source.some_customers", {"title": whole, "customers": customers}).text(lang)


def _read(name: str, settings: str) -> tuple[int, int]:
    problems = Problems(f"The source {name!r} cannot be drawn")
    found = {"seed": 0}
    for text in settings.split(","):
        setting, _, value = text.partition("=")
        known = setting.strip() in {"customers", "seed"}
        problems.unless(known, f"it has no setting {setting.strip()!r}; {_FORM}.")
        problems.unless(value.strip().isdecimal(), f"{setting.strip()} is {value!r}; it must be a whole number.")
        if known and value.strip().isdecimal():
            found[setting.strip()] = int(value)
    problems.unless(found.get("customers", 0) > 0, f"customers must be 1 or more; {_FORM}.")
    problems.raise_any()
    return found["customers"], found["seed"]
