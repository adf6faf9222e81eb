"""A small shop's export with the usual dirt, so that `crm-lab init` shows something at once. Simulated."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

_ITEMS = (("T100", "Grüner Tee", 4.9), ("T200", "Schwarzer Tee", 3.5), ("K100", "Kännchen", 18.0),
          ("K200", "Tasse, groß", 8.5), ("H100", "Honig", 6.2), ("G100", "Geschenkkarton", 2.0))  # fmt: skip
_START = datetime(2023, 1, 2, 9)  # noqa: DTZ001 - a shop's clock shows local time
_DAYS = 540
_CUSTOMERS = 260


def messy_orders(seed: int = 7) -> bytes:
    """A CSV file as a German shop system would write it: semicolons, decimal commas, day first, a byte-order mark.

    In it, by construction: repeated lines, cancelled orders (numbers that start with ST), lines without a
    customer, free samples, postage, a few unreadable numbers and two broken rows.

    Args:
        seed: Of the random stream; the file in ``data/samples`` has the default.
    """
    rng = np.random.default_rng(seed)
    lines = sorted(line for customer in range(_CUSTOMERS) for line in _orders(customer, rng))
    rows = [f"{number};{when:%d.%m.%Y %H:%M};{rest}" for when, number, rest in lines]
    for position in rng.choice(len(rows), 25, replace=False):
        rows.insert(int(position), rows[int(position)])
    rows[400] = rows[400].rsplit(";", 1)[0] + ";auf Anfrage"
    rows[900] = "2024;nicht lesbar"
    rows.append("STORNO;ohne Datum")
    return b"\xef\xbb\xbf" + "\r\n".join(["Bestellung;Datum;Kunde;Artikel;Bezeichnung;Menge;Preis", *rows, ""]).encode()


def _orders(customer: int, rng: np.random.Generator) -> list[tuple[datetime, str, str]]:
    """One customer's lines: first order somewhere in the first year, then exponential gaps until they leave."""
    made: list[tuple[datetime, str, str]] = []
    day = float(rng.uniform(0, 365))
    mean_gap = float(rng.gamma(2.0, 30.0)) + 5
    order = 0
    while day < _DAYS:
        when = _START + timedelta(days=int(day), minutes=int(rng.integers(0, 600)))
        number = f"B{customer:03d}{order:03d}"
        made += _basket(when, number, customer, rng)
        if rng.random() < 0.04:
            made += _cancelled(when, number, customer, rng)
        if rng.random() < 0.15:
            break
        day += float(rng.exponential(mean_gap)) + 0.5
        order += 1
    return made


def _basket(when: datetime, number: str, customer: int, rng: np.random.Generator) -> list[tuple[datetime, str, str]]:
    who = "" if rng.random() < 0.03 else f"K{customer:04d}"
    chosen = rng.choice(len(_ITEMS), size=int(rng.integers(1, 4)), replace=False)
    lines = [(when, number, _line(who, *_ITEMS[i], units=int(rng.integers(1, 4)))) for i in chosen]
    if rng.random() < 0.10:
        lines.append((when, number, _line(who, "PROBE", "Gratisprobe", 0.0, units=1)))
    if rng.random() < 0.30:
        lines.append((when, number, _line(who, "VERSAND", "Versandkosten", 4.9, units=1)))
    return lines


def _cancelled(when: datetime, number: str, customer: int, rng: np.random.Generator) -> list[tuple[datetime, str, str]]:
    code, name, price = _ITEMS[int(rng.integers(len(_ITEMS)))]
    later = when + timedelta(days=int(rng.integers(1, 20)))
    return [(later, f"ST{number}", _line(f"K{customer:04d}", code, name, price, units=-1))]


def _line(who: str, code: str, name: str, price: float, units: int) -> str:
    return f"{who};{code};{name};{units};{price:.2f}".replace(".", ",")
