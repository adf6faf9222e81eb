"""Style by scene by price share: how many customers are in which cell, and what a cell's customers are like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings, not_among, not_levels, too_small
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Kind, Readout, TableResult
from crm_lab.segmentation.personas.shopper_tags.price_shares.price_share import GROUPS, PriceShareResult
from crm_lab.segmentation.personas.shopper_tags.profile_cube.cell_suppression import ALL, hidden_cells
from crm_lab.segmentation.personas.shopper_tags.profile_cube.leading_value import NOT_TOLD, leading_value
from crm_lab.segmentation.personas.shopper_tags.shopper_features import NAMED, ShopperFeatures
from crm_lab.stats.intervals import z_value

EVERY: Final = "all"
_FILLS: Final = 3  # times the minimum of a cell that customers of a value must be


@dataclass(frozen=True, kw_only=True)
class StyleSceneCube:
    """Settings of the cube.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.price_shares.price_share import PriceShare
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> tables = open_workspace("simulated:fashion,customers=600").at("latest")
    >>> features, price = shopper_features(tables), PriceShare(draws=50).analyze(tables)
    >>> found = StyleSceneCube().analyze(features, price)

    Attributes:
        first: Product column of the first axis.
        second: Product column of the second axis.
        least: Customers of a cell below which it is hidden.
        certainty: Chance above which a customer has a value.
    """

    first: str = "style"
    second: str = "scene"
    least: int = 10
    certainty: float = 0.9

    def __post_init__(self) -> None:
        check_settings(
            self,
            not_among(self, first=NAMED, second=NAMED),
            not_levels(self, "certainty"),
            too_small(self, least=2),
            second=self.first == self.second and "it must differ from first",
        )

    def analyze(self, features: ShopperFeatures, price: PriceShareResult) -> StyleSceneCubeResult:
        """Place each customer in a cell, and hide small ones so that they cannot be computed back.

        >>> found.to_frame()["customers"].dropna().ge(10).all() or (found.to_frame()["customers"] == 0).any()
        np.True_

        Args:
            features: Shares of lines.
            price: The price shares of the same customers; where they are refused, all are not told.

        Returns:
            One row a cell.

        Raises:
            BadInput: If the price shares are of other customers.
            CannotAnswer: If products have no such column.
        """
        for axis in (self.first, self.second):
            if not any(name.startswith(f"{axis}:") for name in features.names):
                raise cannot_answer("no_product_column", column=axis)
        at = pd.Index(price.counts.customers).get_indexer(pd.Index(features.frame["customer_id"]))
        if (at < 0).any():
            raise BadInput(
                f"{int((at < 0).sum()):,} customers of the features have no price share; take the same window."
            )
        group = (
            np.full(len(features), NOT_TOLD, dtype=object)
            if price.placed is None
            else price.placed["group"].to_numpy()[at]
        )
        placed = pd.DataFrame(
            {
                "customer_id": features.frame["customer_id"],
                "first": self._axis(features, self.first),
                "second": self._axis(features, self.second),
                "price": group,
            }
        )
        return StyleSceneCubeResult(self, placed, *_cells(placed, self.least), features, price.counts.simulated)

    def _axis(self, features: ShopperFeatures, column: str) -> pd.Series:
        """Leading values; one that leads for too few customers to fill cells is not told."""
        values = leading_value(features, column, self.certainty)
        return values.where(values.map(values.value_counts()) >= _FILLS * self.least, NOT_TOLD)


def _cells(placed: pd.DataFrame, least: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The inner cells and the margins, with hidden ones missing."""
    axes = ["first", "second", "price"]
    levels = [_ordered(placed[axis]) for axis in axes]
    codes = [pd.Categorical(placed[axis], values).codes for axis, values in zip(axes, levels, strict=True)]
    shape = tuple(len(values) for values in levels)
    table = np.bincount(np.ravel_multi_index(codes, shape), minlength=int(np.prod(shape))).reshape(shape)
    parts, hidden = hidden_cells(table.astype(np.int64), least)
    names: dict[str, Any] = {
        axis: [EVERY if place == ALL else values[place] for place in parts.places[:, at]]
        for at, (axis, values) in enumerate(zip(axes, levels, strict=True))
    }
    counts = np.where(hidden, np.nan, parts.counts)
    rows = pd.DataFrame({**names, "customers": counts, "share": counts / len(placed), "suppressed": hidden})
    inner = table.size
    return rows.iloc[:inner].reset_index(drop=True), rows.iloc[inner:].reset_index(drop=True)


def _ordered(values: pd.Series) -> list[str]:
    """Values of an axis: price groups in their order, others by name, what is not told last."""
    present = set(values)
    if present <= set(GROUPS):
        return [group for group in GROUPS if group in present]
    return [*sorted(present - {NOT_TOLD}), *({NOT_TOLD} & present)]


@dataclass(frozen=True, eq=False)
class StyleSceneCubeResult(TableResult):
    """How many customers are in which cell of style, scene and price share.

    >>> from crm_lab import open_workspace
    >>> from crm_lab.segmentation.personas.shopper_tags.price_shares.price_share import PriceShare
    >>> from crm_lab.segmentation.personas.shopper_tags.shopper_features import shopper_features
    >>> tables = open_workspace("simulated:fashion,customers=600").at("latest")
    >>> features, price = shopper_features(tables), PriceShare(draws=50).analyze(tables)
    >>> found = StyleSceneCube().analyze(features, price)

    Attributes:
        spec: The settings.
        placed: ``customer_id, first, second, price``; not for publication.
        frame: One row a cell: ``first, second, price, customers, share``, missing where ``suppressed``.
        margins: The same of each value alone (the other axes are ``all``), and of everybody.
        features: Shares behind the profile cards.
        simulated: Whether the data are.
    """

    spec: StyleSceneCube
    placed: pd.DataFrame
    frame: pd.DataFrame
    margins: pd.DataFrame
    features: ShopperFeatures
    simulated: bool

    name: ClassVar[str] = "style_scene_cube"
    formats: ClassVar[dict[str, str]] = {"customers": ",.0f", "share": ".1%"}

    def shown(self) -> pd.DataFrame:
        """Cells with customers, the largest first; hidden ones last.

        >>> list(found.shown())
        ['first', 'second', 'price', 'customers', 'share']
        """
        rows = self.frame[self.frame["suppressed"] | (self.frame["customers"] > 0)]
        rows = rows.sort_values("customers", ascending=False, kind="stable", na_position="last")
        words = {axis: [level_name(value) for value in rows[axis]] for axis in ("first", "second", "price")}
        return rows.assign(**words)[[*words, "customers", "share"]]

    def card(self, first: str, second: str, price: str) -> pd.DataFrame:
        """What the customers of a cell are like: a row a feature, ``share`` and ``base_share``, with ``lo, hi``.

        >>> found.card("sport", "no such scene", "low")
        Traceback (most recent call last):
        crm_lab.checks.BadInput: There is no cell (sport, no such scene, low); see the rows of the cube.

        Args:
            first: Value of the first axis.
            second: Value of the second axis.
            price: Group of the price share.

        Returns:
            Shares of lines, means over customers, with intervals by customer, the furthest from the base first.

        Raises:
            BadInput: If there is no such cell.
            CannotAnswer: If the cell is hidden or empty.
        """
        row = self.frame[
            (self.frame["first"] == first) & (self.frame["second"] == second) & (self.frame["price"] == price)
        ]
        if row.empty:
            raise BadInput(f"There is no cell ({first}, {second}, {price}); see the rows of the cube.")
        if row["suppressed"].item() or row["customers"].item() == 0:
            raise cannot_answer("hidden_cell", cell=f"{first}, {second}, {price}", least=self.spec.least)
        inside = (self.placed[["first", "second", "price"]] == [first, second, price]).all(axis=1).to_numpy()
        return _card(self.features, inside)

    def membership(self) -> pd.DataFrame:
        """Customers of the cells that are shown: ``customer_id`` and ``segment``, named by their values.

        >>> list(found.membership())
        ['customer_id', 'segment']
        """
        kept = self.placed.merge(self.frame[~self.frame["suppressed"]], on=["first", "second", "price"])
        segment = kept["first"] + " · " + kept["second"] + " · " + kept["price"]
        return pd.DataFrame({"customer_id": kept["customer_id"], "segment": segment.astype("string")})

    def readout(self) -> Readout:
        """The largest cell in which everything is told, how many cells are hidden, and what to do.

        >>> found.readout().action.key.startswith("persona_tags.cube")
        True
        """
        finding = "cube_finding" if self._values()["customers"] else "cube_nothing"
        return Readout.of("persona_tags", self._values(), finding, "cube_certainty", "cube_action")

    def facts(self) -> tuple[Fact, ...]:
        """Customers who are placed on all axes, and cells that are hidden.

        >>> [fact.id for fact in found.facts()]
        ['style_scene_cube.placed', 'style_scene_cube.hidden']
        """
        kind: Kind = "simulated" if self.simulated else "fact"
        values, n = self._values(), len(self.placed)
        label = Message("persona_tags.fact_placed", values)
        hidden = Message("persona_tags.fact_hidden", values)
        return (
            Fact("style_scene_cube.placed", label, values["placed"], "share", kind=kind, n=n),
            Fact("style_scene_cube.hidden", hidden, values["hidden"], kind=kind, n=n),
        )

    def _values(self) -> dict[str, Any]:
        axes = ["first", "second", "price"]
        told = (self.placed[axes] != NOT_TOLD).all(axis=1)
        rows = self.frame[(self.frame[axes] != NOT_TOLD).all(axis=1) & (self.frame["customers"] > 0)]
        top = rows.nlargest(1, "customers")
        row = top.iloc[0] if len(top) else None
        return {
            **{axis: "" if row is None else level_name(row[axis]) for axis in axes},
            "customers": 0 if row is None else int(row["customers"]),
            "share": 0.0 if row is None else float(row["share"]),
            "placed": float(told.mean()), "hidden": int(self.frame["suppressed"].sum()), "least": self.spec.least,
            "cells": int((self.frame["suppressed"] | (self.frame["customers"] > 0)).sum()),
            "certainty": self.spec.certainty,
        }  # fmt: skip


def level_name(value: str) -> str:
    """A level of an axis as people read it: price groups in words, values of the data as they are.

    >>> level_name("not_told"), level_name("sport")
    ('not told', 'sport')
    """
    return Message(f"persona_tags.group_{value}").text() if value in (*GROUPS, NOT_TOLD) else value


def _card(features: ShopperFeatures, inside: Any, level: float = 0.95) -> pd.DataFrame:
    shares = features.frame[list(features.names)].to_numpy(dtype=float)
    own: Floats = shares[inside]
    n = np.maximum((~np.isnan(own)).sum(axis=0), 1)
    with np.errstate(invalid="ignore"):
        mean, base = np.nansum(own, axis=0) / n, np.nanmean(shares, axis=0)
        half = z_value(level) * np.sqrt(np.nansum((own - mean) ** 2, axis=0) / np.maximum(n - 1, 1) / n)
    lo, hi = np.clip(mean - half, 0, 1), np.clip(mean + half, 0, 1)
    card = pd.DataFrame(
        {
            "feature": list(features.names),
            "share": mean,
            "lo": lo,
            "hi": hi,
            "base_share": base,
            "index": 100 * mean / base,
        }
    )
    away = (card["share"] - card["base_share"]).abs() / np.maximum(half, 1e-9)
    return card.iloc[np.argsort(-away.to_numpy(), kind="stable")].reset_index(drop=True)
