"""The Fellegi–Sunter model by Splink on DuckDB: learnt without labels, the same for the same records in any order."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
import psutil

from crm_lab.arrays import Floats
from crm_lab.data.identity.linkage.blocking_keys import BlockingRule, pairs_of
from crm_lab.data.identity.linkage.field_comparisons import Comparison

_U_PAIRS: Final = 1e6
_EM_PAIRS: Final = 5e6
_SEED: Final = 20260101
_LOWEST_M: Final = 0.005
_LOWEST_U: Final = 1e-7
_LOW_WEIGHT: Final = -15.0  # bits below even odds from which a pair is not kept
_DIGITS: Final = 9
_ONE_THREAD: Final = 200_000  # records up to which sums are made in one order
_MOST_MEMORY: Final = 5 * 2**30
_USUAL_SAME: Final = 0.85  # of true pairs with a field in which nothing could be learnt
_PERSONAL: Final = (
    ("birth_date",), ("given_name", "family_name"), ("email",), ("phone",),
    ("family_name", "postcode"), ("given_name", "postcode"), ("family_name", "city"), ("street", "house_number"),
    ("given_name",), ("family_name",), ("postcode",),
)  # fmt: skip
"""Keys by which the model is trained: what is one person's own first, for families share the rest."""
_MOST_TRAINED: Final = 200  # pairs a record


@dataclass(frozen=True)
class TrainedModel:
    """What was learnt and the scored pairs.

    Attributes:
        levels: One row per comparison and level: `comparison`, `level`, `m`, `u`, `weight` (bits), `learnt`.
        pairs: One row per pair that is not plainly different: `record_id_l`, `record_id_r`, `weight` (bits).
        match_share: Share of all pairs of records that are one person.
        household_share: Share of all pairs that are two persons of one household.
    """

    levels: pd.DataFrame
    pairs: pd.DataFrame
    match_share: float
    household_share: float = 0.0


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    limit = min(psutil.virtual_memory().total // 2, _MOST_MEMORY)
    with tempfile.TemporaryDirectory(prefix="crm_lab_") as spill:  # for its owner only, as records identify people
        connection = duckdb.connect(config={"memory_limit": f"{limit // 2**20}MiB", "temp_directory": spill})
        for setting in ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions"):
            connection.execute(f"set {setting} = false")
        try:
            yield connection
        finally:
            connection.close()


def train_and_score(
    keyed: pd.DataFrame,
    compared: Sequence[Comparison],
    rules: Sequence[BlockingRule],
    *,
    across_sources: bool,
    different: str,
) -> TrainedModel:
    """Learn the weights of agreement from the records themselves and score the pairs that the rules reach.

    Args:
        keyed: Standard records with their keys, in order of `record_id`.
        compared: The comparisons.
        rules: Which pairs are looked at.
        across_sources: Whether records of one source are never one person.
        different: SQL that two records are two persons for sure; such pairs are scored and marked.

    Returns:
        The model and the scored pairs.
    """
    from splink import DuckDBAPI, Linker, SettingsCreator

    with _quiet(), _database() as connection:
        api = DuckDBAPI(connection=connection)
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="record_id",
            comparisons=[comparison.creator() for comparison in compared],
            blocking_rules_to_generate_predictions=[
                {"blocking_rule": rule.sql + (" and l.source <> r.source" if across_sources else "")} for rule in rules
            ],
            retain_matching_columns=False,
            retain_intermediate_calculation_columns=True,
            probability_two_random_records_match=1 / max(len(keyed), 2),
            linker_uid="crm_lab",
        )
        connection.register("records_", keyed.astype("string").where(keyed.notna(), None))
        connection.execute("create table records as select * from records_ order by record_id")
        linker = Linker(api.register("records"), settings, log_level=None)
        linker.training.estimate_u_using_random_sampling(_U_PAIRS, seed=_SEED)
        if len(keyed) <= _ONE_THREAD:
            connection.execute("set threads = 1")
        total = len(keyed) * (len(keyed) - 1) / 2
        share = max(_train(linker, keyed, compared), 1.0) / total
        linker._settings_obj._probability_two_random_records_match = share  # noqa: SLF001 - no other way to set it
        levels = _settled(linker, compared, share, total)
        scored = linker.inference.predict(threshold_match_weight=_LOW_WEIGHT, warning_mode="never")
        personal = [comparison for comparison in compared if comparison.is_personal]
        pairs = _pairs(connection, scored.physical_name, personal, different)
    return _with_share(levels, pairs, share, total)


def _train(linker: Any, keyed: pd.DataFrame, compared: Sequence[Comparison]) -> float:
    """Sessions of expectation–maximisation, each blocked by another key, so that every comparison is learnt in one.

    Returns:
        The most pairs of one person that a session sees: a cautious number of those there are.
    """
    left = {comparison.name for comparison in compared}
    most = 0.0
    for columns in _PERSONAL:
        if not set(columns) <= set(keyed) or any(keyed[column].isna().all() for column in columns):
            continue
        pairs = pairs_of([pd.factorize(keyed[column])[0].astype(np.int64) for column in columns])
        taught = {comparison.name for comparison in compared if not comparison.uses(columns)}
        if not 0 < pairs <= _MOST_TRAINED * len(keyed) or not taught & left:
            continue
        rule = " and ".join(f"l.{column} = r.{column}" for column in columns)
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=_EM_PAIRS if pairs > _EM_PAIRS else None
        )
        most = max(most, session.core_model_settings.probability_two_random_records_match * pairs)
        left -= taught
    return most


def _settled(linker: Any, compared: Sequence[Comparison], share: float, total: float) -> pd.DataFrame:
    """Weights that few records cannot overturn, written back to the model.

    Pairs of one person are among the random pairs by which `u` is counted: they are taken out. What was learnt upside
    down (agreement speaks against one person) is replaced by what is usual.
    """
    rows = []
    for comparison, made in zip(compared, linker._settings_obj.comparisons, strict=True):  # noqa: SLF001 - no other way to set them
        levels = [level for level in made.comparison_levels if not level.is_null_level]
        m = np.array([level.m_probability or 0.0 for level in levels])
        raw = np.array([level.u_probability or 0.0 for level in levels])
        learnt = all(level._trained_m_probabilities for level in levels[-1:])  # noqa: SLF001
        m, u, learnt = settled_weights(m, raw, share, total, learnt=learnt)
        for level, m_, u_ in zip(levels, m, u, strict=True):
            level.m_probability, level.u_probability = float(m_), float(u_)
        labels = [level.label for level in comparison.levels] + ["different"]
        rows += [
            (comparison.name, label, m_, u_, float(np.log2(m_ / u_)), learnt)
            for label, m_, u_ in zip(labels, m, u, strict=True)
        ]
    return pd.DataFrame(rows, columns=["comparison", "level", "m", "u", "weight", "learnt"])


def settled_weights(m: Floats, u: Floats, share: float, total: float, *, learnt: bool) -> tuple[Floats, Floats, bool]:
    """Shares of levels among pairs of one person and of two that a handful of pairs cannot overturn.

    Args:
        m: Share of each level among pairs of one person, best level first.
        u: The same among random pairs, of which `share` are one person.
        share: Share of all pairs that are one person.
        total: Number of pairs.
        learnt: Whether `m` was learnt at all.

    >>> m, u, learnt = settled_weights(np.array([0.9, 0.1]), np.array([0.1, 0.9]), 0.01, 1e4, learnt=True)
    >>> u.round(3).tolist(), learnt
    ([0.092, 0.908], True)
    >>> settled_weights(np.array([0.1, 0.9]), np.array([0.5, 0.5]), 0.01, 1e4, learnt=True)[2]
    False
    """
    apart = np.clip((u - share * m) / (1 - share), 0.0, None)
    apart = np.maximum(apart, np.maximum(0.1 * u, max(_LOWEST_U, 0.5 / total)))
    apart = apart / apart.sum()
    kept = np.maximum(m, _LOWEST_M)
    kept = kept / kept.sum()
    if not learnt or kept[0] <= apart[0] or kept[-1] >= apart[-1]:
        usual = np.full(len(m), (1 - _USUAL_SAME) / max(len(m) - 1, 1))
        usual[0] = _USUAL_SAME
        kept, learnt = usual, False
    return kept.round(_DIGITS), np.maximum(apart.round(_DIGITS), _LOWEST_U), learnt


def _pairs(
    connection: duckdb.DuckDBPyConnection, scored: str, personal: Sequence[Comparison], different: str
) -> pd.DataFrame:
    """The scored pairs with the bits that what is a person's own adds, in order of their ids."""
    names = [row[0] for row in connection.execute("describe records").fetchall() if row[0] != "record_id"]
    sides = ", ".join(f"{side}.{name} as {name}_{side}" for side in "lr" for name in names)
    have = {row[0] for row in connection.execute(f"describe {scored}").fetchall()}
    parts = [f"mw_{start}{comparison.name}" for comparison in personal for start in ("", "tf_adj_")]
    own = " + ".join(f"coalesce({part}, 0)" for part in parts if part in have) or "0"
    out: pd.DataFrame = connection.execute(
        f"""select record_id_l, record_id_r, round(match_weight, 6) as weight, round({own}, 6) as own,
                   {different} as different
            from (select p.*, {sides} from {scored} p
                  join records l on l.record_id = p.record_id_l join records r on r.record_id = p.record_id_r)
            order by record_id_l, record_id_r"""
    ).df()
    return out


def _with_share(levels: pd.DataFrame, pairs: pd.DataFrame, share: float, total: float) -> TrainedModel:
    """Weights by the shares of pairs that are one person or one household, which the scored pairs bear out."""
    evidence = pairs["weight"].to_numpy() - log_odds(share)
    shared = evidence - pairs["own"].to_numpy()
    same = np.where(pairs["different"].to_numpy(), -np.inf, evidence)
    person, household = settled_shares(same, shared, total, share)
    weight = bits_for_one_person(evidence, shared, person, household)
    kept = pairs.drop(columns="own").assign(weight=np.round(weight, 6))
    return TrainedModel(levels, kept[kept["weight"] >= _LOW_WEIGHT].reset_index(drop=True), person, household)


def log_odds(share: float) -> float:
    """Odds of a share in bits.

    >>> log_odds(0.5)
    0.0
    """
    return float(np.log2(share / (1 - share)))


def probability(weight: Floats) -> Floats:
    """Probability of a weight in bits.

    >>> probability(np.array([0.0, 10.0])).round(3).tolist()
    [0.5, 0.999]
    """
    return 1 / (1 + np.exp2(-np.clip(weight, -60, 60)))


def bits_for_one_person(evidence: Floats, shared: Floats, person: float, household: float) -> Floats:
    """Bits for one person against two persons of one household or two strangers.

    Two of one household agree as one person does in name of the family, address and telephone, and as strangers do in
    the rest.

    Args:
        evidence: Bits of all fields for one person against two strangers, shape (pairs,).
        shared: Bits of the fields that a household shares.
        person: Share of all pairs that are one person.
        household: Share of all pairs that are two of one household.

    >>> bits_for_one_person(np.array([42.0]), np.array([40.0]), 1e-4, 1e-4).round(3).tolist()
    [2.0]
    """
    one, two = np.log2(person) + evidence, np.log2(max(household, 1e-300)) + shared
    out: Floats = one - np.logaddexp2(two, 0.0)
    return out


def settled_shares(same: Floats, shared: Floats, total: float, start: float, steps: int = 300) -> tuple[float, float]:
    """Shares of all pairs that are one person and that are one household, at which the pairs add up to them.

    Args:
        same: Bits of each scored pair for one person against two strangers, shape (pairs,); −inf where it is not.
        shared: Bits of what a household shares, the same shape.
        total: Number of all pairs; those not scored are two strangers.
        start: Share of one person's pairs to begin with.
        steps: At most so many rounds.

    >>> one, two = settled_shares(np.array([40.0, 40.0, -np.inf]), np.array([20.0, 20.0, 20.0]), 1000, 1e-4)
    >>> round(one, 4), round(two, 4)
    (0.002, 0.001)
    """
    person = household = start
    for _ in range(steps):
        one, two = np.log2(person) + same, np.log2(household) + shared
        whole = np.logaddexp2(np.logaddexp2(one, two), 0.0)
        new = [float(np.exp2(part - whole).sum() / total) for part in (one, two)]
        moved = abs(new[0] - person) > 1e-7 * person or abs(new[1] - household) > 1e-7 * household
        person, household = min(max(new[0], 0.1 / total), 0.5), min(max(new[1], 1e-3 / total), 0.5)
        if not moved:
            break
    return person, household
