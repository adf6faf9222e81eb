"""How right the links are where nobody knows the truth: a sample of pairs that a person looks at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import pandas as pd

from crm_lab.arrays import Floats, Integers
from crm_lab.checks import BadInput, Problems, check_settings, need_columns, not_inside, not_levels, too_small
from crm_lab.data.identity.linkage.record_linkage import LinkageResult
from crm_lab.exports import defuse
from crm_lab.messages import Message
from crm_lab.messages.no_answer import cannot_answer
from crm_lab.results import Fact, Interval, Readout, Result
from crm_lab.stats.intervals import wilson, z_value

ANSWER: Final = "same_person"
_YES: Final = frozenset({"yes", "y", "1", "true", "same", "是", "同一人"})
_NO: Final = frozenset({"no", "n", "0", "false", "different", "否", "不是"})
_UNSURE: Final = frozenset({"unsure", "?", "unknown", "不确定"})
_BOUNDS: Final = (0.99, 0.999)
_LEAST_ERROR: Final = 0.02  # a model that is sure of itself is still looked at
_NEAR: Final = 0.05  # probability from which a pair that is not linked may be one person
_SHOWN: Final = (
    "given_name", "given_han", "family_name", "birth_date", "phone", "email", "house_number", "street",
    "address_extra", "postcode", "city", "gender",
)  # fmt: skip


@dataclass(frozen=True)
class ClericalReview:
    """A sample of pairs, stratified by the weight of the match, so large that the precision is known closely enough.

    >>> from crm_lab.data.identity.example_records import example_linkage
    >>> sample = ClericalReview(half_width=0.05).draw(example_linkage())
    >>> sample["stratum"].isin(["near_miss", "linked", "sure", "very_sure"]).all()
    np.True_

    Attributes:
        half_width: Half of the width that the interval of the precision may have, e.g. 0.02.
        level: Confidence level.
        per_stratum: Fewest pairs of a stratum, where there are so many.
        seed: Of the draw.

    Raises:
        BadInput: If the settings are wrong.

    Source:
        Cochran (1977), Sampling techniques, chapter 5 (Neyman's allocation).
    """

    half_width: float = 0.02
    level: float = 0.95
    per_stratum: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, not_inside(self, "half_width"), not_levels(self, "level"), too_small(self, per_stratum=2))

    def sizes(self, linked: LinkageResult) -> pd.DataFrame:
        """Pairs in each stratum and how many of them to look at.

        >>> list(ClericalReview().sizes(example_linkage()))
        ['stratum', 'pairs', 'expected_right', 'to_review']

        Args:
            linked: Whose links are to be judged.

        Returns:
            One row per stratum: `stratum`, `pairs`, `expected_right` (by the model), `to_review`.

        Raises:
            BadInput: If no pair is linked.
        """
        strata = _strata(linked)
        table = strata.groupby("stratum", sort=False)["probability"].agg(pairs="size", expected_right="mean")
        table = table.reindex([name for name in ("near_miss", "linked", "sure", "very_sure") if name in table.index])
        inside = table.index != "near_miss"
        n = review_sizes(
            table.loc[inside, "pairs"].to_numpy(dtype=np.int64),
            table.loc[inside, "expected_right"].to_numpy(dtype=float),
            self.half_width, self.level, self.per_stratum,
        )  # fmt: skip
        near = table.loc[~inside, "pairs"].clip(upper=max(self.per_stratum, int(n.max(initial=0)))).to_numpy()
        table["to_review"] = np.concatenate([near, n]).astype(int)
        return table.reset_index()

    def draw(self, linked: LinkageResult) -> pd.DataFrame:
        """Pairs to look at, in random order, with both records side by side; they identify people.

        Args:
            linked: Whose links are to be judged.

        Returns:
            `pair`, `stratum`, both ids, `same_person` (empty: the answer), and each field of both records.

        Raises:
            BadInput: If no pair is linked.

        >>> list(ClericalReview().draw(example_linkage()))[:5]
        ['pair', 'stratum', 'customer_id_l', 'customer_id_r', 'same_person']
        """
        strata, sizes = _strata(linked), self.sizes(linked).set_index("stratum")["to_review"]
        rng = np.random.default_rng(self.seed)
        drawn = [
            rows.iloc[np.sort(rng.choice(len(rows), int(sizes[name]), replace=False))]
            for name, rows in strata.groupby("stratum", sort=True)
        ]
        sample = pd.concat(drawn, ignore_index=True)
        sample = sample.iloc[rng.permutation(len(sample))].reset_index(drop=True)
        out = pd.DataFrame({"pair": np.arange(1, len(sample) + 1), "stratum": sample["stratum"]})
        records = linked.records.set_index("record_id")
        for side in "lr":
            out[f"customer_id_{side}"] = sample[f"record_id_{side}"]
        out[ANSWER] = ""
        for name in (column for column in _SHOWN if column in linked.columns):
            for side in "lr":
                out[f"{name}_{side}"] = records[name].reindex(sample[f"record_id_{side}"]).to_numpy()
        return out

    def write(self, linked: LinkageResult, path: Path) -> Path:
        """Write the sample as CSV that only its owner can read; people fill in `same_person`: yes, no or unsure.

        Args:
            linked: Whose links are to be judged.
            path: A file that does not exist yet.

        Returns:
            The path.

        Raises:
            BadInput: If the file exists or no pair is linked.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     oct(ClericalReview().write(example_linkage(), Path(folder) / "review.csv").stat().st_mode & 0o777)
        '0o600'
        """
        text = defuse(self.draw(linked)).to_csv(index=False)
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            raise BadInput(f"{path.name} exists; answers are never written over: take another name.") from None
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as stream:
            stream.write(text)
        return path

    def read(self, linked: LinkageResult, answers: Path | pd.DataFrame) -> ReviewResult:
        """What the answers say of all links.

        Args:
            linked: The links that the sample was drawn from.
            answers: The file, or its table, with `same_person` filled in.

        Returns:
            Precision with its interval, and the pairs that are missed.

        Raises:
            BadInput: If pairs are not those of the sample, or answers are missing or cannot be read; all with counts.

        >>> sample = ClericalReview(half_width=0.05).draw(example_linkage()).assign(same_person="yes")
        >>> ClericalReview(half_width=0.05).read(example_linkage(), sample).precision
        1.0
        """
        table = answers if isinstance(answers, pd.DataFrame) else pd.read_csv(answers, dtype=str, encoding="utf-8-sig")
        need_columns(table.columns, ("pair", ANSWER), "The review")
        sample = self.draw(linked)
        given = table[ANSWER].astype("string").str.strip().str.lower().fillna("").to_numpy()
        numbers = pd.to_numeric(table["pair"], errors="coerce")
        problems = Problems("The review")
        foreign = int((~numbers.isin(sample["pair"])).sum())
        problems.unless(
            not foreign, f"{foreign:,} rows are no pair of this sample; draw with the settings it was drawn with."
        )
        again = int(numbers.duplicated().sum())
        problems.unless(not again, f"{again:,} rows repeat a pair; answer each once.")
        lost = len(sample) - int(sample["pair"].isin(numbers).sum())
        problems.unless(not lost, f"{lost:,} of {len(sample):,} pairs are missing; a part of the sample is none.")
        empty = int((given == "").sum())
        problems.unless(not empty, f"{empty:,} of {len(table):,} pairs have no answer; write yes, no or unsure.")
        strange = sorted({text for text in given if text and text not in _YES | _NO | _UNSURE})
        problems.unless(not strange, f"The answers {', '.join(map(repr, strange[:5]))} are none of yes, no, unsure.")
        problems.unless(
            not foreign and _same_ids(sample, table, numbers), "The pairs hold other customers than this sample does."
        )
        problems.raise_any()
        answer = pd.Series(given, index=numbers.astype(int)).reindex(sample["pair"]).to_numpy()
        judged = sample[["stratum"]].assign(right=np.isin(answer, list(_YES)), unsure=np.isin(answer, list(_UNSURE)))
        counts = judged.groupby("stratum").agg(
            reviewed=("right", "size"), right=("right", "sum"), unsure=("unsure", "sum")
        )
        strata = self.sizes(linked).merge(counts.reset_index(), on="stratum")
        return ReviewResult(strata, self.level, linked.spec.threshold)


def _same_ids(sample: pd.DataFrame, table: pd.DataFrame, numbers: pd.Series) -> bool:
    if not {"customer_id_l", "customer_id_r"} <= set(table):
        return True
    theirs = table.set_index(numbers)[["customer_id_l", "customer_id_r"]].astype(str)
    ours = defuse(sample.set_index("pair")[["customer_id_l", "customer_id_r"]].astype(str))
    raw = sample.set_index("pair")[["customer_id_l", "customer_id_r"]].astype(str)
    known = theirs[theirs.index.isin(ours.index)]
    same = (known == ours.reindex(known.index)) | (known == raw.reindex(known.index))
    return bool(same.to_numpy().all())


def _strata(linked: LinkageResult) -> pd.DataFrame:
    pairs, threshold = linked.pairs, linked.spec.threshold
    if linked.links.empty:
        raise cannot_answer("no_links_to_review", n=len(linked.records), threshold=threshold)
    bounds = [bound for bound in _BOUNDS if bound > threshold]
    names = ["linked", "sure", "very_sure"]
    linked_ = pairs.index.isin(linked.links.index)
    place = np.searchsorted(bounds, pairs["probability"].to_numpy(), side="right") + (len(_BOUNDS) - len(bounds))
    stratum = np.where(linked_, np.array(names, dtype=object)[place], "near_miss")
    kept = linked_ | ((pairs["probability"] >= _NEAR) & ~pairs["different"]).to_numpy()
    return pairs[kept].assign(stratum=stratum[kept])


def review_sizes(pairs: Integers, right: Floats, half_width: float, level: float, least: int) -> Integers:
    """How many pairs of each stratum to look at, so that the interval of the precision has the wished half-width.

    Neyman's allocation with the model's own share of errors, at least 2 %, and the finite number of pairs.

    >>> review_sizes(np.array([500, 4500]), np.array([0.9, 0.99]), 0.02, 0.95, 10).tolist()
    [43, 180]

    Args:
        pairs: Pairs in each stratum.
        right: Share expected to be right.
        half_width: Wished half-width.
        level: Confidence level.
        least: Fewest of each stratum.
    """
    share = pairs / pairs.sum()
    error = np.maximum(1 - right, _LEAST_ERROR)
    spread = share * np.sqrt(error * (1 - np.minimum(error, 0.5)))
    worth = (half_width / z_value(level)) ** 2 + float((share * error * (1 - error)).sum()) / float(pairs.sum())
    n = float(spread.sum()) ** 2 / worth
    sizes = np.ceil(n * spread / spread.sum())
    out: Integers = np.minimum(pairs, np.maximum(sizes, least)).astype(np.int64)
    return out


@dataclass(frozen=True, eq=False)
class ReviewResult(Result):
    """Precision of the links, estimated from the pairs that were looked at.

    >>> from crm_lab.data.identity.example_records import example_linkage
    >>> spec = ClericalReview(half_width=0.05)
    >>> review = spec.read(example_linkage(), spec.draw(example_linkage()).assign(same_person="yes"))

    Attributes:
        strata: One row per stratum: `stratum`, `pairs`, `expected_right`, `to_review`, `reviewed`, `right`, `unsure`.
        level: Confidence level.
        threshold: Probability from which pairs are linked.
    """

    name: ClassVar[str] = "clerical_review"
    words: ClassVar[Mapping[str, str]] = {"stratum": "identity.stratum."}
    formats: ClassVar[Mapping[str, str]] = {"expected_right": ".1%", "right_share": ".1%", "lo": ".1%", "hi": ".1%"}

    strata: pd.DataFrame = field(repr=False)
    level: float
    threshold: float

    @property
    def _linked(self) -> pd.DataFrame:
        return self.strata[self.strata["stratum"] != "near_miss"]

    @property
    def precision(self) -> float:
        """Share of the linked pairs that are one person; unsure counts as not.

        >>> review.precision
        1.0
        """
        rows = self._linked
        return float((rows["pairs"] * rows["right"] / rows["reviewed"]).sum() / rows["pairs"].sum())

    @property
    def ci(self) -> Interval:
        """Wilson's interval at the number of pairs that the strata are worth.

        A stratum in which all answers agree is taken to have one error in a hundred more looks than it had.

        >>> 0 < review.ci.lo < review.ci.hi <= 1
        True
        """
        return stratified_wilson(self._linked, self.level)

    @property
    def missed(self) -> float:
        """Pairs just below the threshold that are one person: links that are missed, estimated.

        >>> review.missed >= 0
        True
        """
        rows = self.strata[self.strata["stratum"] == "near_miss"]
        return float((rows["pairs"] * rows["right"] / rows["reviewed"]).sum())

    def to_frame(self) -> pd.DataFrame:
        """One row per stratum with the share that is right and its interval.

        >>> list(review.to_frame())
        ['stratum', 'pairs', 'expected_right', 'reviewed', 'right', 'unsure', 'right_share', 'lo', 'hi']
        """
        frame = self.strata.drop(columns="to_review")
        lo, hi = wilson(frame["right"], frame["reviewed"], self.level)
        return frame.assign(right_share=frame["right"] / frame["reviewed"], lo=lo, hi=hi)

    def readout(self) -> Readout:
        """How many of the links are right, how sure that is, what to do with the threshold.

        >>> review.readout().action.key
        'identity.review.keep'
        """
        rows, ci = self._linked, self.ci
        expected = float((rows["pairs"] * rows["expected_right"]).sum() / rows["pairs"].sum())
        values = {
            "precision": self.precision, "lo": ci.lo, "hi": ci.hi, "level": self.level,
            "links": int(rows["pairs"].sum()),
            "reviewed": int(rows["reviewed"].sum()), "unsure": int(rows["unsure"].sum()), "missed": self.missed,
            "expected": expected, "threshold": self.threshold, "unsure_said": "",
        }  # fmt: skip
        if values["unsure"]:
            values["unsure_said"] = Message("identity.review.unsure", dict(values))
        return Readout.of("identity.review", values, action="keep" if ci.hi >= expected else "raise")

    def facts(self) -> tuple[Fact, ...]:
        """Precision with interval, pairs looked at, links that are missed.

        >>> [fact.id for fact in review.facts()]
        ['identity.review.precision', 'identity.review.reviewed', 'identity.review.missed']
        """
        n = int(self._linked["reviewed"].sum())
        return (
            Fact("identity.review.precision", "identity.review.precision", self.precision, "share", ci=self.ci,
                 kind="estimate", n=n, better="up"),
            Fact("identity.review.reviewed", "identity.review.n_reviewed", int(self.strata["reviewed"].sum()), "pairs"),
            Fact("identity.review.missed", "identity.review.n_missed", self.missed, "pairs", kind="estimate",
                 better="down"),
        )  # fmt: skip


def stratified_wilson(strata: pd.DataFrame, level: float) -> Interval:
    """Wilson's interval of a share from strata, at the number of draws that gives the same variance.

    >>> table = pd.DataFrame({"pairs": [100, 900], "reviewed": [50, 90], "right": [40, 90]})
    >>> interval = stratified_wilson(table, 0.95)
    >>> round(interval.lo, 3), round(interval.hi, 3)
    (0.961, 0.99)

    Args:
        strata: `pairs`, `reviewed`, `right`.
        level: Confidence level.
    """
    total, n = strata["pairs"].to_numpy(dtype=float), strata["reviewed"].to_numpy(dtype=float)
    weight, share = total / total.sum(), strata["right"].to_numpy(dtype=float) / n
    value = float((weight * share).sum())
    smooth = (strata["right"].to_numpy(dtype=float) + 0.5) / (n + 1)
    left = np.where(total > 1, (total - n) / np.maximum(total - 1, 1), 0.0)
    variance = float((weight**2 * smooth * (1 - smooth) / n * left).sum())
    if variance == 0:  # every pair was looked at
        return Interval(value, value, level)
    middle = float((weight * smooth).sum())
    worth = middle * (1 - middle) / variance
    lo, hi = (float(end) for end in wilson(value * worth, worth, level))
    return Interval(lo, hi, level)
