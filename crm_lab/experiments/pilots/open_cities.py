"""The cities that a page's parameters name: in a file, or in the tables with a pilot, a planted one, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import pandas as pd

from crm_lab.checks import BadInput, as_date
from crm_lab.data.kernels.unit_weeks import UnitKind, unit_weeks
from crm_lab.data.settings_text import settings_in
from crm_lab.data.workspace import open_workspace
from crm_lab.experiments.origins.panels.panel_file import PanelFile
from crm_lab.experiments.origins.panels.pilot_panel import PilotPanel
from crm_lab.experiments.origins.panels.planted_pilot import PlantedPilot
from crm_lab.experiments.origins.panels.table_pilot import TablePilot
from crm_lab.experiments.pilots.city_data import CityData
from crm_lab.experiments.pilots.city_pilot import Drawn
from crm_lab.experiments.pilots.pilot_words import Unit

_NAMED = ("units", "start", "until", "by", "value")
_TYPES: Mapping[str, type] = {"str": str, "int": int, "float": float}


def open_cities(source: str, as_of: str, panel_file: str = "", settings: str = "") -> CityData:
    """The cities of a page, with the pilot that was run in them, if one was.

    >>> data = open_cities("simulated:pilot,customers=400", "latest", settings="experiment = pilot; until = 2023-10-08")
    >>> data.treated
    ('Delva', 'Estra', 'Grona', 'Helmo', 'Nerva')
    >>> open_cities("simulated:pilot,customers=400", "latest").treated
    ()

    Args:
        source: Where tables come from.
        as_of: Last day that counts.
        panel_file: A panel, or the suite that `crm-lab init` wrote for one; it goes before the tables.
        settings: ``NAME = VALUE; ...``: ``experiment`` and ``until`` of a pilot in the tables; ``units``, ``start``,
            ``until`` of stores or cities in which something came about; ``lift``, ``treated``, ``start``, ... of a
            planted one; ``by`` alone, or nothing, where no pilot was run.

    Returns:
        The cities.

    Raises:
        BadInput: If a setting is unknown or cannot be used.
        CannotAnswer: If the tables hold no such units or weeks.
    """
    if panel_file:
        own = PanelFile(file=panel_file)
        unit: Unit = "unit"
        return CityData.of(own.open(), unit, "chosen", own.tables(as_of))
    given = settings_in(settings)
    tables = open_workspace(source).at(as_of)
    usual = PlantedPilot().by if "lift" in given else "city"
    by: UnitKind = "store" if given.get("by", usual) == "store" else "city"
    if "experiment" in given:
        return CityData.of(TablePilot(**_typed(TablePilot, given)).open(tables), "city", "lot", tables, tables)
    if "lift" in given:
        return CityData.of(
            PlantedPilot(**_typed(PlantedPilot, {**given, "source": source})).open(tables), by, "lot", tables
        )
    unknown = sorted(set(given) - set(_NAMED))
    if unknown:
        raise BadInput(f"settings name {', '.join(unknown)}; they can name experiment, lift, {', '.join(_NAMED)}.")
    drawn: Drawn = "chosen"
    return CityData.of(_named(tables, by, given), by, drawn, tables, tables)


def _named(tables: Any, by: UnitKind, given: Mapping[str, str]) -> PilotPanel:
    """The units that trade in each week, those that are named being treated from a week on."""
    weeks = unit_weeks(tables, by)
    value = given.get("value", "sales")
    if value not in ("sales", "gross_margin", "receipts", "customers") or value not in weeks.frame:
        raise BadInput(
            f"value is {value!r}; it is sales, receipts or customers, or gross_margin where costs are known."
        )
    frame = weeks.of(weeks.full).rename(columns={"week": "period"})
    frame.insert(2, "value", frame[value].astype(float))
    names = [name.strip() for name in given.get("units", "").split(",") if name.strip()]
    missing = sorted(set(names) - set(weeks.full))
    if missing:
        raise BadInput(
            f"units names {', '.join(missing)}, which do not trade in each week; "
            f"those that do: {', '.join(weeks.full[:20])}."
        )
    if bool(names) != ("start" in given):
        raise BadInput("units and start belong together: which were treated, and from when.")
    since = dict.fromkeys(names, _monday(given["start"])) if names else {}
    until = dict.fromkeys(names, _monday(given["until"])) if names and "until" in given else {}
    return PilotPanel(
        frame=frame, every="week", treated_from=since, treated_until=until, measure=value,
        currency=tables.currency if value in ("sales", "gross_margin") else "", notes=tuple(weeks.said()),
    )  # fmt: skip


def _monday(text: str) -> pd.Timestamp:
    day = pd.Timestamp(as_date(text, "start"))
    return day - pd.Timedelta(days=day.day_of_week)


def _typed(kind: type, given: Mapping[str, str]) -> dict[str, Any]:
    """Settings of an origin as its fields want them."""
    known = {field.name: _TYPES.get(str(field.type), str) for field in fields(kind)}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise BadInput(f"settings name {', '.join(unknown)}; a pilot like this can name {', '.join(known)}.")
    try:
        return {name: known[name](value) for name, value in given.items()}
    except ValueError as error:
        raise BadInput(f"A setting cannot be used: {error}.") from None
