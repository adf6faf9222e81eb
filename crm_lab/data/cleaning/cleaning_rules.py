"""The cleaning rules: what each looks for, why, and what it does about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_lab.checks import Problems
from crm_lab.data.sources.base import Action, Source

ACTIONS: tuple[Action, ...] = ("fix", "quarantine", "flag", "ignore")


ASIDES = ("blank_row", "subtotal_row", "no_sale", "other_currency", "overlap")
"""Rules that only some files need, in the order they are applied."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One named rule over the staged lines ``s`` joined to the products ``p``.

    Attributes:
        name: What reports and the parameter call it; its reason is the message ``rules.<name>``.
        where: SQL condition that picks the lines.
        default: What is done about them unless a source or the user says otherwise.
        fixes: Column and SQL expression of the repair, for the action ``fix``.
    """

    name: str
    where: str
    default: Action
    fixes: tuple[tuple[str, str], ...] = ()

    @property
    def allowed(self) -> tuple[Action, ...]:
        """The actions that make sense for this rule."""
        return tuple(a for a in ACTIONS if a != "fix" or self.fixes)


def rules_for(source: Source) -> tuple[Rule, ...]:
    """The rules in the order they are applied; the first that quarantines a line decides its reason."""
    return (
        Rule("broken_row", "s.broken", "quarantine"),
        *(Rule(name, f"s.aside_{name}", "quarantine") for name in ASIDES if name in source.asides),
        Rule("unreadable", "s.unreadable and not s.broken", "quarantine"),
        *((Rule("implausible_day", "s.implausible_day", "quarantine"),) if source.plausible_days else ()),
        Rule("no_order", "s.order_id is null", "quarantine"),
        Rule("repeated_line", "s.copy > 1", "flag"),
        Rule("empty_line", "s.quantity = 0 and s.net_amount = 0", "quarantine"),
        Rule("cancellation", source.cancelled, "fix", (("kind", "'cancellation'"),)),
        Rule("fee", source.fee, "fix", (("kind", "'fee'"),)),
        Rule(
            "return",
            f"(s.quantity < 0 or s.net_amount < 0) and not ({source.cancelled}) and not ({source.fee})",
            "fix",
            (("kind", "'return'"),),
        ),
        Rule("volume_as_quantity", f"({source.fuel}) and s.quantity > 1", "fix", (("quantity", "1"),)),
        Rule("direct_id", "s.direct_id", "flag"),
        Rule("no_customer", "s.customer_id is null", "flag"),
        Rule("zero_quantity", "s.quantity = 0 and s.net_amount <> 0", "flag"),
        Rule("free_line", "s.quantity > 0 and s.net_amount = 0", "flag"),
        Rule("unknown_product", "s.product_id is not null and p.product_id is null", "flag")
        if "products" in source.dimensions
        else Rule("unknown_product", "false", "flag"),
        Rule("other_day", "s.other_day", "fix", (("date", "local_date"),)),
    )


def recorded(actions: Mapping[str, Action]) -> dict[Rule, Action]:
    """The rules with the actions that a workspace was built with; their conditions are of no source."""
    anything = Source(
        name="", title="", licence="", currency="", files=(), mapping={},
        asides=dict.fromkeys(ASIDES, "false"), plausible_days=True,
    )  # fmt: skip
    return {rule: actions[rule.name] for rule in rules_for(anything) if rule.name in actions}


def decide(source: Source, chosen: Mapping[str, str] | None = None) -> dict[Rule, Action]:
    """Each rule with its action: the default, the source's, or the user's choice.

    Args:
        source: The data set.
        chosen: Rule name to action, from the user.

    Raises:
        BadInput: If a rule or action is unknown; all mistakes at once.
    """
    rules = {rule.name: rule for rule in rules_for(source)}
    chosen = chosen or {}
    problems = Problems("The cleaning rules")
    for name, action in chosen.items():
        problems.unless(name in rules, f"there is no rule {name!r}; the rules are {', '.join(rules)}.")
        if name in rules:
            allowed = rules[name].allowed
            problems.unless(action in allowed, f"{name} is {action!r}; it must be one of {', '.join(allowed)}.")
    problems.raise_any()
    wanted = {**source.actions, **chosen}
    return {rule: wanted.get(name, rule.default) for name, rule in rules.items()}  # type: ignore[misc]
