"""Who of a list is sent to, who is held out, and who is left out for which reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from crm_lab.activation.audiences.audience_result import AudienceResult
from crm_lab.activation.audiences.audience_targets import TARGETS, AudienceTarget
from crm_lab.activation.audiences.customer_addresses import email_of, is_pseudonym, mapped_back, phone_of
from crm_lab.checks import BadInput, Problems, check_settings, need_columns, not_among
from crm_lab.data.kernels.dataframes import id_texts

PROPERTIES: Final = ("segment", "action", "product_id", "channel", "day")
"""Columns that go along where a list has them, unless others are named."""
_HELD: Final = ("control", "holdout", "hold_out", "held_out")
_YES: Final = frozenset(("true", "yes", "1", "subscribed", "opted_in"))
_NO: Final = frozenset(("false", "no", "0", "unsubscribed", "opted_out", "never_subscribed", ""))


@dataclass(frozen=True)
class Audience:
    """How a list of customers becomes the file of a tool that sends.

    >>> rows = pd.DataFrame(
    ...     {
    ...         "customer_id": ["a", "b", "c"],
    ...         "email": ["a@x.com", "b@x.com", ""],
    ...         "arm": ["offer", "control", "offer"],
    ...         "consent": True,
    ...         "segment": "loyal",
    ...     }
    ... )
    >>> made = Audience("klaviyo").analyze(rows)
    >>> made.send.to_dict("list")
    {'Email': ['a@x.com'], 'segment': ['loyal'], 'arm': ['offer']}

    Attributes:
        target: ``klaviyo``, ``braze``, ``hubspot``, ``wecom`` or ``plain`` (customer ids).
        arm: Column with the arm of the test; empty where there is none.
        held_out: Arms that nobody sends to.
        consent: Column that says who agreed to be sent to; empty where the tool itself keeps to that.
        properties: Columns that go along; those of `PROPERTIES` that the list has unless given.
        country: ISO code of telephone numbers without a country's.
        map_back: Whether pseudonyms become the ids that they stand for, by a map of identities.

    Raises:
        BadInput: If the target is unknown, or the country is no code of two letters.
    """

    target: str = "plain"
    arm: str = "arm"
    held_out: tuple[str, ...] = _HELD
    consent: str = "consent"
    properties: tuple[str, ...] | None = None
    country: str = ""
    map_back: bool = False

    def __post_init__(self) -> None:
        country = self.country
        wrong = country and not (len(country) == 2 and country.isascii() and country.isupper())
        said = [f"country is {country!r}; it must be a code of two capital letters, such as CN."] if wrong else []
        if isinstance(self.held_out, str):
            said.append(f"held_out is the text {self.held_out!r}; give a tuple of arms, such as ({self.held_out!r},).")
        check_settings(self, not_among(self, target=TARGETS), said)

    def analyze(
        self, frame: pd.DataFrame, addresses: pd.DataFrame | None = None, identities: pd.DataFrame | None = None
    ) -> AudienceResult:
        """Sort the rows of a list: sent, held out, without consent, without an address, repeated.

        Each row counts once, in this order: held out; repeats a customer; no consent by each row of the customer, or
        refused from the same address; no address that the tool finds customers by; the address is that of somebody
        held out; the address is in the file already.

        >>> Audience("plain", arm="", consent="").analyze(rows).to_frame()["rows"].tolist()
        [3, 3, 0, 0, 0, 0, 0]

        Args:
            frame: A row a customer: ``customer_id``, the arm, consent, properties, and addresses where they are not in
                a table of their own (``email``, ``phone``, ``first_name``, ``last_name``, ``external_userid``,
                ``sender``).
            addresses: ``customer_id`` and addresses; a row a customer.
            identities: The map of pseudonyms, where `map_back` is set.

        Returns:
            The file to send, who is held out, and the counts.

        Raises:
            BadInput: If columns are missing, an arm or an answer about consent is not known, a customer is in two arms,
                none of the arms is held out, or pseudonyms were to be mapped back without a map; all at once.
        """
        self._check(frame, addresses, identities)
        target = TARGETS[self.target]
        rows = frame.reset_index(drop=True)
        rows["customer_id"] = id_texts(rows["customer_id"])
        if addresses is not None:
            theirs = [c for c in addresses if c not in rows or c == "customer_id"]
            known = addresses[theirs].assign(customer_id=id_texts(addresses["customer_id"]))
            rows = rows.merge(known, on="customer_id", how="left", validate="many_to_one")
        made, there = self._addressed(rows, target, identities)
        state = self._states(made, rows, target)
        sent = made.loc[state == "sent", [*there, *self._along(frame)]].rename(columns=dict(target.headings))
        held = (
            frame.assign(customer_id=id_texts(frame["customer_id"]))
            .reset_index(drop=True)
            .loc[state == "held_out", ["customer_id", *self._along(frame)]]
        )
        counts = Counter(map(str, state))
        return AudienceResult(sent.reset_index(drop=True), held.reset_index(drop=True), counts, self.target)

    def _along(self, frame: pd.DataFrame) -> list[str]:
        wanted = self.properties if self.properties is not None else [c for c in PROPERTIES if c in frame]
        return [*(c for c in wanted if c != self.arm), *([self.arm] if self.arm else [])]

    def _check(self, frame: pd.DataFrame, addresses: pd.DataFrame | None, identities: pd.DataFrame | None) -> None:
        asked = [c for c in ("customer_id", self.arm, self.consent, *(self.properties or ())) if c]
        need_columns(frame.columns, asked, "The list")
        problems = Problems("The list")
        problems.unless(not frame["customer_id"].isna().any(), "Rows have no customer_id; drop them.")
        problems.extend(self._wrong_arms(frame))
        problems.extend(self._wrong_consent(frame))
        problems.extend(_wrong_headings(TARGETS[self.target], self._along(frame)))
        if addresses is not None:
            need_columns(addresses.columns, ["customer_id"], "The addresses")
            again = int(id_texts(addresses["customer_id"]).duplicated().sum())
            problems.unless(not again, f"{again:,} rows of the addresses repeat a customer; give one a customer.")
        if self.map_back != (identities is not None):
            missing = "a map of identities is needed" if self.map_back else "set map_back to say that you want it"
            problems.unless(False, f"Pseudonyms are mapped back only on purpose: {missing}.")
        problems.raise_any()

    def _wrong_arms(self, frame: pd.DataFrame) -> Iterator[str]:
        if not self.arm:
            return
        arms = frame[self.arm]
        gaps = int(arms.isna().sum())
        if gaps:
            yield f"{gaps:,} rows have no {self.arm}; whether they are held out must be known."
        names = sorted(map(str, arms.dropna().unique()))
        if self.held_out and not set(names) & set(self.held_out):
            yield (
                f"The arms are {', '.join(names)} and none is held out; name that arm in held_out, or give held_out=()"
                " where everybody is sent to."
            )
        spelt = {name.strip().casefold() for name in self.held_out}
        close = [name for name in names if name not in self.held_out and name.strip().casefold() in spelt]
        if close:
            yield f"The arms {', '.join(map(repr, close))} are spelt nearly as one held out; write them all the same."
        pairs = frame.assign(customer_id=id_texts(frame["customer_id"]))
        pairs = pairs[["customer_id", self.arm]].dropna().drop_duplicates()
        several = pairs.loc[pairs["customer_id"].duplicated(), "customer_id"].nunique()
        if several:
            yield f"{several:,} customers are in more than one arm; give each one."

    def _wrong_consent(self, frame: pd.DataFrame) -> Iterator[str]:
        if not self.consent:
            return
        strange = sorted({str(v) for v in frame[self.consent].dropna().unique() if _said(v) is None})
        if strange:
            yield f"{self.consent} has {', '.join(map(repr, strange[:3]))}; it must be true or false."

    def _addressed(
        self, rows: pd.DataFrame, target: AudienceTarget, identities: pd.DataFrame | None
    ) -> tuple[pd.DataFrame, list[str]]:
        """The rows with addresses in the tool's form, empty texts where there are none; and which columns those are."""
        made, ids = rows.copy(), rows["customer_id"].astype(object)
        if identities is not None:
            ids = mapped_back(ids, identities)
        made["customer_id"] = ids if target.name == "plain" else ids.map(_known_id)
        for name, read in (("email", email_of), ("phone", lambda value: phone_of(value, self.country))):
            if name not in target.headings:
                continue
            address = (rows[name].astype(object) if name in rows else pd.Series("", index=rows.index)).map(read)
            if identities is not None:
                address = address.where(address != "", ids.map(read))
            if name in rows or (address != "").any():
                made[name] = address
        there = [name for name in target.headings if name in made]
        for name in set(there) - {"email", "phone", "customer_id"}:
            made[name] = made[name].astype(object).map(_known_id if name in target.found_by else _text)
        return made, there

    def _states(self, rows: pd.DataFrame, given: pd.DataFrame, target: AudienceTarget) -> np.ndarray:
        """What becomes of each row; `given` has the addresses also where the tool takes none."""
        nobody = np.zeros(len(rows), dtype=bool)
        held = rows[self.arm].astype(str).isin(self.held_out).to_numpy() if self.arm else nobody
        again = given["customer_id"].duplicated().to_numpy()
        agreed = rows[self.consent].map(_said).eq(True).to_numpy() if self.consent else ~nobody
        refused = given[self.consent].map(_refused).to_numpy(dtype=bool) if self.consent else nobody
        known = [name for name in target.found_by if name in rows]
        found = np.any([(rows[name] != "").to_numpy() for name in known], axis=0) if known else nobody
        shared = nobody.copy()
        agreed = agreed & ~given["customer_id"].isin(set(given.loc[~agreed, "customer_id"])).to_numpy()
        for address in self._reached_by(rows, given, target):
            shared |= address.isin(set(address[held]) - {""}).to_numpy()
            agreed = agreed & ~address.isin(set(address[refused]) - {""}).to_numpy()
        state = np.select(
            [held, again, ~agreed, ~found, shared],
            ["held_out", "repeated", "no_consent", "no_address", "shares_held_out"], "sent",
        ).astype(object)  # fmt: skip
        for name in known:
            going = rows.loc[state == "sent", name]
            state[going.index[(going != "") & going.duplicated()]] = "repeated"
        return state

    def _reached_by(self, rows: pd.DataFrame, given: pd.DataFrame, target: AudienceTarget) -> Iterator[pd.Series]:
        """Whatever a customer of the list is reached by, also where the tool takes an id alone."""
        for name in target.found_by:
            if name in rows and name not in {"email", "phone"}:
                yield rows[name]
        for name, read in (("email", email_of), ("phone", lambda value: phone_of(value, self.country))):
            if name in rows and name in target.headings:
                yield rows[name]
            elif name in given:
                yield given[name].astype(object).map(read)


def _said(value: Any) -> bool | None:
    """What an answer about consent says; nothing where it cannot be told."""
    if pd.isna(value):
        return False
    text = str(value).strip().lower().removesuffix(".0")
    return True if text in _YES else False if text in _NO else None


def _refused(value: Any) -> bool:
    """Whether somebody said no, rather than nothing."""
    return not pd.isna(value) and str(value).strip() != "" and _said(value) is False


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _known_id(value: Any) -> str:
    """An id that the tool can know: no pseudonym of ours, and nothing that a spreadsheet would take for a formula."""
    text = _text(value)
    return "" if is_pseudonym(text) or text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _wrong_headings(target: AudienceTarget, columns: Sequence[str]) -> Iterator[str]:
    taken = {name.lower() for name in (*target.headings, *target.headings.values(), *target.reserved)}
    wrong = [name for name in columns if name.lower() in taken]
    if wrong:
        yield f"{', '.join(wrong)} would be read by {target.name} as its own field; rename them or leave them out."


def audience_file(
    frame: pd.DataFrame,
    target: str = "plain",
    *,
    addresses: pd.DataFrame | None = None,
    identities: pd.DataFrame | None = None,
    **settings: Any,
) -> AudienceResult:
    """The file that a tool imports, from a list of customers: `Audience` in one call.

    >>> rows = pd.DataFrame({"customer_id": ["a", "b"], "arm": ["offer", "control"], "consent": True})
    >>> audience_file(rows).to_frame()["rows"].tolist()
    [2, 1, 1, 0, 0, 0, 0]

    Args:
        frame: A row a customer.
        target: ``klaviyo``, ``braze``, ``hubspot``, ``wecom`` or ``plain``.
        addresses: ``customer_id`` and addresses, where they are apart.
        identities: The map of pseudonyms, where ``map_back=True``.
        **settings: As of `Audience`.

    Returns:
        The file to send, who is held out, and the counts.

    Raises:
        BadInput: As `Audience` and `Audience.analyze` do.
    """
    if "target" in settings:
        raise BadInput("target is given twice.")
    return Audience(target, **settings).analyze(frame, addresses, identities)
