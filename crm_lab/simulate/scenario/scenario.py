"""A scenario: the parameters of a simulated retailer, as a TOML file and as a checked object."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from crm_lab.calendar import day_number
from crm_lab.checks import Problems
from crm_lab.messages import language
from crm_lab.simulate.scenario import (
    account_rules,
    actions,
    basket_settings,
    cities,
    persona_settings,
    points_rules,
    settings,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """What is true in a scenario, and what a naive analysis would wrongly conclude, in one language."""

    title: str
    true: tuple[str, ...]
    naive: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The parameters of a simulated retailer, before anything random is drawn.

    >>> from crm_lab.simulate import load_scenario
    >>> scenario = load_scenario("fashion")

    Attributes:
        name: The file's name.
        says: Language -> title, what is true, what would be concluded wrongly.
        start: First day of the window.
        days: Length of the window.
        customers: Customers unless the caller says otherwise.
        seed: Seed unless the caller says otherwise.
        currency: ISO code.
        timing: When customers buy.
        spend: How much.
        season: Months and weekdays.
        promotions: Yearly sales.
        acquisition: Where customers come from.
        products: What is on the shelf.
        stores: Where it is sold.
        discounts: Price cuts outside promotions.
        returns: Goods that come back.
        tiers: Value tiers.
        programme: The loyalty programme and its test.
        contacts: Campaigns.
        save_offer: The offer to silent customers and its hold-out.
        dirt: Faults of the records.
        city_shocks: Chance deviations of whole cities.
        pilot: The programme that whole cities get.
        points: The points programme for everybody.
        referrals: Members who invite others.
        accounts: Persons with several customer accounts.
        personas: Planted kinds of shoppers.
        baskets: Planted pairs and needs, and products that messages show.
    """

    name: str
    says: Mapping[str, Says]
    start: date
    days: int
    timing: settings.Timing
    spend: settings.Spend
    customers: int = 2_000
    seed: int = 1
    currency: str = "EUR"
    season: settings.Season = field(default_factory=settings.Season)
    promotions: tuple[settings.Promotion, ...] = ()
    acquisition: settings.Acquisition = field(default_factory=settings.Acquisition)
    products: settings.Products = field(default_factory=settings.Products)
    stores: settings.Stores = field(default_factory=settings.Stores)
    discounts: settings.Discounts = field(default_factory=settings.Discounts)
    returns: settings.Returns = field(default_factory=settings.Returns)
    tiers: settings.TierSettings = field(default_factory=settings.TierSettings)
    programme: actions.ProgrammeSettings = field(default_factory=actions.ProgrammeSettings)
    contacts: actions.Contacts = field(default_factory=actions.Contacts)
    save_offer: actions.SaveOffer = field(default_factory=actions.SaveOffer)
    dirt: actions.Dirt = field(default_factory=actions.Dirt)
    city_shocks: cities.CityShocks = field(default_factory=cities.CityShocks)
    pilot: cities.Pilot = field(default_factory=cities.Pilot)
    points: points_rules.PointsSettings = field(default_factory=points_rules.PointsSettings)
    referrals: points_rules.ReferralSettings = field(default_factory=points_rules.ReferralSettings)
    accounts: account_rules.AccountSettings = field(default_factory=account_rules.AccountSettings)
    personas: persona_settings.PersonaSettings = field(default_factory=persona_settings.PersonaSettings)
    baskets: basket_settings.BasketSettings = field(default_factory=basket_settings.BasketSettings)

    def title(self) -> str:
        """What readers call the retailer, in the active language.

        >>> scenario.title()
        'Simulated fashion chain'
        """
        return self.says.get(language(), self.says["en"]).title

    def __post_init__(self) -> None:
        problems = Problems(f"The scenario {self.name!r}")
        for path, section in self._sections():
            problems.extend(f"{path}: {sentence}" for sentence in section.problems())
        problems.extend(self._contradictions())
        problems.raise_any()

    def _sections(self) -> Iterator[tuple[str, Any]]:
        for entry in dataclasses.fields(self):
            value = getattr(self, entry.name)
            parts = value if entry.name == "promotions" else (value,)
            yield from ((entry.name, part) for part in parts if hasattr(part, "problems"))

    def _contradictions(self) -> Iterator[str]:
        if self.days < 28:
            yield f"days is {self.days}; the window must have 28 days or more."
        if self.customers < 1:
            yield f"customers is {self.customers}; it must be 1 or more."
        if self.seed < 0:
            yield f"seed is {self.seed}; it must be 0 or more."
        if self.acquisition.during_days > self.days:
            yield f"acquisition: during_days is {self.acquisition.during_days}, longer than the window of {self.days}."
        yield from self._programme_contradictions()
        yield from self._pilot_contradictions()
        yield from self._points_contradictions()
        yield from self._accounts_contradictions()
        yield from self._persona_contradictions()
        yield from self._basket_contradictions()
        offer = self.save_offer
        if offer.on and offer.start + offer.effect_days > self.days:
            yield f"save_offer: it acts until day {offer.start + offer.effect_days} of a window of {self.days}."

    def _programme_contradictions(self) -> Iterator[str]:
        programme = self.programme
        if not programme.on:
            return
        end = programme.start + programme.days
        if end > self.days:
            yield f"programme: the test ends on day {end} of a window of {self.days}; start sooner or stop earlier."
        if programme.pull_forward and end + programme.pull_days > self.days:
            yield (
                f"programme: orders are pulled from until day {end + programme.pull_days} of a window of {self.days};"
                " the dip after the test must lie inside it."
            )
        for name in ("orders", "spend"):
            given = set(getattr(programme, name))
            if given and given != set(self.tiers.names):
                yield (
                    f"programme: {name} is given for {', '.join(sorted(given))}; "
                    f"the tiers are {', '.join(self.tiers.names)}."
                )
        if programme.late_joiners and self.acquisition.before == 1:
            yield "programme: late_joiners is true, but acquisition.before is 1, so nobody joins late."

    def _pilot_contradictions(self) -> Iterator[str]:
        pilot, names = self.pilot, tuple(self.stores.cities)
        if not pilot.on:
            return
        if pilot.end > self.days:
            yield f"pilot: it ends on day {pilot.end} of a window of {self.days}; start sooner or stop earlier."
        if late := (self.start + timedelta(days=pilot.start)).weekday():
            yield f"pilot: start is {pilot.start}, no Monday; the one before is {pilot.start - late}."
        if unknown := [name for name in pilot.cities if name not in names]:
            yield f"pilot: cities has {', '.join(unknown)}; the cities are {', '.join(names)}."
        if pilot.n_treated >= len(names):
            yield f"pilot: {pilot.n_treated} of {len(names)} cities get it; one or more must be left to compare with."
        if self.programme.on:
            yield "pilot: it is on and so is programme; of two at a time the key could not tell whose effect is whose."

    def _points_contradictions(self) -> Iterator[str]:
        points = self.points
        if self.referrals.on and not points.on:
            yield "referrals: it is on but points is not; the simulated invitations belong to a points programme."
        if not points.on:
            return
        yield from points.unlike(self.tiers.names)
        if points.rule_change >= self.days:
            yield f"points: rule_change is day {points.rule_change} of a window of {self.days}; change sooner."
        if others := [name for name in ("programme", "pilot", "save_offer") if getattr(self, name).on]:
            yield f"points: it is on and so is {' and '.join(others)}; the key could not tell whose effect is whose."
        if self.contacts.effect:
            yield f"points: contacts.effect is {self.contacts.effect}; set it to 0: nothing is sent after the window."
        if self.timing.process not in {"nbd", "pareto_nbd"}:
            yield f"points: timing.process is {self.timing.process}; with points it must be nbd or pareto_nbd."
        if (self.start.month, self.start.day) != (1, 1):
            yield f"points: start is {self.start}; qualifying years are calendar years, so it must be a 1 January."

    def _accounts_contradictions(self) -> Iterator[str]:
        if not self.accounts.on:
            return
        acting = ("programme", "pilot", "save_offer", "points")
        if others := [name for name in acting if getattr(self, name).on]:
            yield f"accounts: it is on and so is {' and '.join(others)}; what is done is done to persons, not accounts."
        if self.contacts.every:
            yield f"accounts: contacts.every is {self.contacts.every}; set it to 0: persons get messages, not accounts."

    def _persona_contradictions(self) -> Iterator[str]:
        given = self.personas
        if not given.on:
            return
        others = [name for name in ("programme", "pilot", "points", "save_offer", "accounts") if getattr(self, name).on]
        cuts = {"promotions": self.promotions, "coupons": self.discounts.coupon_share}
        cuts |= {"markdowns": self.discounts.markdown_after, "effects of messages": self.contacts.effect}
        if others := others + [name for name, there in cuts.items() if there]:
            yield f"personas: it is on, and there are {' and '.join(others)}; leave them out, they move prices or days."
        yield from given.unlike(self.products, tuple(self.stores.cities), self.days)
        if (self.start.day, (self.last_date + timedelta(days=1)).day) != (1, 1):
            yield f"personas: the window is {self.start} to {self.last_date}; it must be whole calendar months."

    def _basket_contradictions(self) -> Iterator[str]:
        if not self.baskets.on:
            return
        acting = ("programme", "pilot", "points", "save_offer", "accounts", "personas")
        others = [name for name in acting if getattr(self, name).on]
        cuts = {"promotions": self.promotions, "coupons": self.discounts.coupon_share}
        cuts |= {"markdowns": self.discounts.markdown_after, "new products": self.products.new}
        cuts |= {"effects of messages": self.contacts.effect}
        if others := others + [name for name, there in cuts.items() if there]:
            yield f"baskets: it is on, and there are {' and '.join(others)}; leave them out, they move what is bought."
        yield from self.baskets.unlike(self.products.count)

    @property
    def first_day(self) -> int:
        """First day of the window, in days since 1970-01-01.

        >>> scenario.first_day
        19358
        """
        return day_number(self.start)

    @property
    def last_date(self) -> date:
        """Last day of the window.

        >>> scenario.last_date.isoformat()
        '2024-12-31'
        """
        return self.start + timedelta(days=self.days - 1)

    def fingerprint(self) -> str:
        """Hash of every setting: the same fingerprint and seed, the same retailer.

        >>> scenario.fingerprint() == load_scenario("fashion").fingerprint()
        True
        """
        told = {k: v for k, v in plain(self).items() if k not in {"says", "customers", "seed"} | self._off()}
        return hashlib.sha256(repr(told).encode()).hexdigest()[:12]

    def _off(self) -> set[str]:
        """Sections younger than the first retailers that are off: without them those keep their fingerprints."""
        young = ("city_shocks", "pilot", "points", "referrals", "accounts", "personas", "baskets")
        return {name for name in young if not getattr(self, name).on}


def plain(value: Any) -> Any:
    """A scenario, or part of one, as tables and lists: what `scenario_of` reads."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, tuple) else value
