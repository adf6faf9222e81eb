"""Retailers by the names of their sources: ``simulated:grocery,customers=3000,seed=7``."""

from __future__ import annotations

import tomllib
from typing import Any

from crm_lab.checks import BadInput
from crm_lab.simulate.retailer import RetailerPlan, prepare

PREFIX = "simulated:"


def plan_of(name: str) -> RetailerPlan:
    """What a source's name asks for: the scenario, then settings that differ from it.

    >>> plan = plan_of("simulated:grocery,customers=30,timing.regularity=1")
    >>> plan.n_customers, plan.common.scenario.timing.regularity
    (30, 1)

    Raises:
        BadInput: If the scenario or a setting cannot be used; all mistakes at once.
    """
    scenario, *settings = name.removeprefix(PREFIX).split(",")
    return prepare(scenario, overrides=dict(parse_setting(text) for text in settings))


def parse_setting(text: str) -> tuple[str, Any]:
    """A setting and its value from ``name=value``; the value as TOML, or as text where it is none.

    >>> parse_setting("tiers.thresholds=[100, 300]"), parse_setting("currency=USD")
    (('tiers.thresholds', [100, 300]), ('currency', 'USD'))

    Raises:
        BadInput: If there is no ``=``.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise BadInput(f"The setting {text!r} has no value; write it like dirt.duplicate=0.01.")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()
