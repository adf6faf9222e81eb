"""BG/CNBD-k and MBG/CNBD-k: purchases more regular than chance (Reutterer, Platzer & Schröder 2021).

The time between two purchases is a sum of k exponential stages (Erlang-k), so a weekly shopper is due rather than
lucky: silence says more, and sooner, than under a Poisson clock. With k = 1 they are BG/NBD and MBG/NBD.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from narwhals.typing import IntoFrame
from scipy.special import betaln, expit, gammaln
from scipy.stats import nbinom

from crm_lab.arrays import Floats
from crm_lab.checks import BadInput, check_settings
from crm_lab.clv.fitting.counts import Counts
from crm_lab.clv.fitting.newton import LogLikelihood
from crm_lab.clv.models import beta_geometric
from crm_lab.clv.models.purchase_fit import PurchaseFit, wait_by_bisection
from crm_lab.clv.models.purchase_model import PurchaseModel
from crm_lab.data.kernels.dataframes import as_pandas

MOST_REGULAR = 12
_SUMMED = 400.0  # mean stages ahead up to which they are summed one by one


@dataclass(frozen=True)
class RegularPurchases(PurchaseModel):
    """(M)BG/CNBD-k: Erlang-k waits at rate λ ~ Gamma(r, alpha); drop-out with p ~ Beta(a, b) after a purchase.

    The likelihood and P(alive) are exact. What is expected ahead of T takes customers at a random moment between
    two purchases, since a base as of one date stands at all of them; new customers stand at the first.

    >>> model, params = MBGCNBD(k=2), np.array([0.52, 3.0, 0.89, 1.61])
    >>> x, t_x, T = np.array([0.0, 4.0]), np.array([0.0, 30.0]), np.array([39.0, 39.0])

    Args:
        unit: Unit of recency and T in the summaries it is fitted to.
        ridge: Penalty per customer that pulls the parameters to their start.
        k: Stages between two purchases, 1 to 12; 0 takes the k of largest likelihood.

    Source:
        Reutterer, Platzer & Schröder (2021), Leveraging purchase regularity for predicting customer behavior the easy
        way, International Journal of Research in Marketing 38; Platzer & Reutterer (2016), Ticking away the moments,
        Marketing Science 35.
    """

    k: int = 0

    first: ClassVar[int]
    parameters = ("r", "alpha", "a", "b")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(
            self, k=not 0 <= self.k <= MOST_REGULAR and f"it must be 1 to {MOST_REGULAR}, or 0 to estimate it"
        )

    def fit(self, summary: IntoFrame) -> PurchaseFit:
        """Fit by maximum likelihood, over k as well where it is 0.

        Likelihoods of different k compare only with the gaps between purchases, which `purchase_summary` leaves in
        ``attrs["log_gaps"]``: their logarithms, summed.

        >>> from crm_lab import open_workspace
        >>> from crm_lab.data.kernels.purchases import purchase_summary
        >>> summary = purchase_summary(open_workspace("cdnow_sample").at("1997-09-30")["orders"], "1997-09-30")
        >>> MBGCNBD().fit(summary).model.k
        1

        Args:
            summary: What `purchase_summary` returns.

        Returns:
            The fitted model, its `k` stated; the log-likelihood is that of the purchase times.

        Raises:
            BadInput: As for other models, or if k is to be found and the summary does not hold the gaps.
        """
        table = as_pandas(summary, "The purchase summary")
        gaps = table.attrs.get("log_gaps")
        if self.k:
            return _with_gaps(super().fit(table), self.k, gaps or 0.0)
        if gaps is None:
            raise BadInput(
                "k is 0, to be found from the gaps between purchases, and the summary does not hold them: "
                "make it with purchase_summary, or state k, e.g. 2."
            )
        best = replace(self, k=1).fit(table)
        for k in range(2, MOST_REGULAR + 1):
            tried = replace(self, k=k).fit(table)
            if tried.log_likelihood <= best.log_likelihood:
                break
            best = tried
        return best

    def log_likelihood(self, counts: Counts) -> LogLikelihood:
        """The log-likelihood, less the terms of the gaps, with derivatives by (r, alpha, a, b).

        >>> from crm_lab.clv.fitting.counts import compress
        >>> value, gradient, hessian = model.log_likelihood(compress(x, t_x, T))(params)
        >>> round(float(value), 3)
        -22.606
        """
        return log_likelihood(counts, self.first, self._stages)

    def start(self, counts: Counts) -> Floats:
        """Those of the geometric models; a purchase takes k stages, so alpha is k times smaller."""
        alpha = 0.25 * counts.mean_age / max(counts.mean_x, 0.05) / self._stages
        return np.array([0.5, alpha, 0.8, 2.0])

    @property
    def _stages(self) -> int:
        return self.k or 1

    def p_alive(self, params: Floats, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Probability of being a customer at T.

        >>> model.p_alive(params, x, t_x, T).round(2).tolist()
        [0.4, 0.7]

        Args:
            params: r, alpha, a, b.
            x: Repeat purchases so far, shape (n,).
            t_x: Time of the last purchase, shape (n,).
            T: Time under observation, shape (n,).

        Returns:
            Probabilities, shape (n,).
        """
        r, alpha, a, b = params
        x, t_x, T = np.broadcast_arrays(x, t_x, T)
        shape = r + self._stages * x
        silent = _silence(shape, alpha, t_x, T, self._stages)[0]
        below = np.maximum(b + x - 1 + self.first, 1e-300)
        left = shape * (np.log(alpha + T) - np.log(alpha + t_x)) + np.log(a) - np.log(below)
        alive: Floats = expit(silent - left)
        return alive if self.first else np.where(x == 0, 1.0, alive)

    def _ahead(self, params: Floats, x: Floats, T: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Posterior shape and scale of the stage rate, survivals so far, and whether the moment is a first purchase."""
        r, alpha, _, b = params
        x, T = np.broadcast_arrays(x, T)
        new = T == 0
        return r + self._stages * x + np.where(new, 0.0, (self._stages - 1) / 2), alpha + T, b + x + self.first, new

    def alive_rate(self, params: Floats, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Expected purchases per unit of time, `ahead` of T, of a customer alive at T.

        With N stages ahead of T, N negative binomial, (1 - p) to the number of purchases they hold is summed over N.

        >>> model.alive_rate(params, x, T, np.full(2, 26.0)).round(3).tolist()
        [0.011, 0.08]

        Args:
            params: r, alpha, a, b.
            x: Repeat purchases so far, shape (n,).
            T: Time under observation, shape (n,).
            ahead: Time after T, shape (n,).

        Returns:
            Rates, shape (n,).
        """
        a, k = params[2], self._stages
        shape, at, left, new = (v.astype(float) for v in self._ahead(params, x, T))
        shape, at, left, new, ahead = np.broadcast_arrays(shape, at, left, new, np.asarray(ahead, dtype=float))
        y, of = ahead / at, shape.shape
        shape, at, left, new, y = (v.ravel() for v in (shape, at, left, new, y))
        mean = (shape + 1) * y
        still = np.empty(len(shape))
        many = mean > _SUMMED
        for part in np.array_split(np.argsort(mean, kind="stable")[: len(mean) - int(many.sum())], 16):
            still[part] = _survived(a, left[part], shape[part] + 1, y[part], new[part], k)
        if many.any():  # on a clock of whole purchases
            some = np.flatnonzero(many)
            one = np.array([1.0, 1.0, a, 1.0], dtype=object)
            one[0], one[1], one[3] = shape[some], k * at[some], left[some] - self.first
            rate = beta_geometric.alive_rate(
                one, np.zeros(len(some)), np.zeros(len(some)), y[some] * at[some], self.first
            )
            still[some] = rate / (shape[some] / at[some])
        rate_ahead: Floats = (shape / at * still).reshape(of)
        return rate_ahead

    def draw_alive(
        self, params: Floats, x: Floats, T: Floats, window: tuple[float, float], rng: np.random.Generator
    ) -> Floats:
        """Purchases in (T + window[0], T + window[1]] of customers alive at T, by draws of stages and p.

        >>> model.draw_alive(params, x, T, (0.0, 52.0), np.random.default_rng(0)).shape
        (2,)

        Args:
            params: r, alpha, a, b.
            x: Repeat purchases so far, shape (n,).
            T: Time under observation, shape (n,).
            window: Start and end of the interval after T.
            rng: Generator.

        Returns:
            Counts, shape (n,).
        """
        shape, at, left, new = self._ahead(params, x, T)
        rate = rng.standard_gamma(shape) / at
        stage = np.where(new, 0, rng.integers(0, self._stages, np.shape(shape)))
        before = (stage + rng.poisson(np.minimum(rate * window[0], 1e9))).astype(np.int64)
        after = before + rng.poisson(np.minimum(rate * (window[1] - window[0]), 1e9))
        earlier = before // self._stages
        p = np.clip(rng.beta(params[2], left), 1e-12, 1.0)
        drawn: Floats = np.clip(rng.geometric(p) - earlier, 0, after // self._stages - earlier).astype(float)
        return drawn

    def alive_pmf(self, params: Floats, n: int, x: Floats, T: Floats, ahead: Floats) -> Floats:
        """Probability of exactly n purchases within `ahead` of a customer alive at T.

        >>> model.alive_pmf(params, 0, x, T, np.full(2, 26.0)).round(2).tolist()
        [0.73, 0.04]

        Args:
            params: r, alpha, a, b.
            n: Number of purchases.
            x: Repeat purchases so far, shape (n,).
            T: Time under observation, shape (n,).
            ahead: Length of the interval after T, shape (n,).

        Returns:
            Probabilities, shape (n,).
        """
        a, k = params[2], self._stages
        shape, at, left, new = self._ahead(params, x, T)
        chance = at / (at + ahead)
        lasts = np.exp(betaln(a, left + n) - betaln(a, left))
        falls = np.exp(betaln(a + 1, left + n - 1) - betaln(a, left)) if n else 0.0
        pmf = np.zeros(np.broadcast_shapes(shape.shape, np.shape(ahead)))
        for stage in range(k):
            share = np.where(new, float(stage == 0), 1 / k)
            reached = nbinom.sf(n * k - stage - 1, shape, chance) if n else 1.0
            more = nbinom.sf((n + 1) * k - stage - 1, shape, chance)
            pmf += share * ((reached - more) * lasts + reached * falls)
        return pmf

    def alive_wait(self, params: Floats, silent: Floats, x: Floats, T: Floats) -> Floats:
        """Time until which a customer alive at T stays without a purchase with probability `silent`.

        >>> model.alive_wait(params, np.full(2, 0.5), x, T).round(1).tolist()
        [66.1, 5.5]
        """
        return wait_by_bisection(lambda ahead: self.alive_pmf(params, 0, x, T, ahead), silent, T)


@dataclass(frozen=True)
class BGCNBD(RegularPurchases):
    """BG/CNBD-k: drop-out after each repeat purchase; see `RegularPurchases`.

    >>> BGCNBD(k=2).title
    'BG/CNBD-k'
    """

    key = "bgcnbd"
    title = "BG/CNBD-k"
    first = 0


@dataclass(frozen=True)
class MBGCNBD(RegularPurchases):
    """MBG/CNBD-k: drop-out after any purchase, the first included; see `RegularPurchases`.

    >>> MBGCNBD(k=2).first
    1
    """

    key = "mbgcnbd"
    title = "MBG/CNBD-k"
    first = 1


def _with_gaps(fit: PurchaseFit, k: int, log_gaps: float) -> PurchaseFit:
    """The same fit with the likelihood of the purchase times: log-gaps to the power k - 1, over (k-1)! each."""
    repeats = 0.0 if fit.summary is None else float(fit.summary["frequency"].sum())
    gained = (k - 1) * log_gaps - repeats * float(gammaln(k))
    return replace(fit, optimum=replace(fit.optimum, log_likelihood=fit.log_likelihood + gained))


def _silence(shape: Floats, alpha: float, t_x: Floats, T: Floats, k: int) -> tuple[Floats, Floats, Floats]:
    """Log of 1 + sum over j < k of (shape)_j / j! ((T - t_x) / (alpha + T))^j: silent since t_x without having left.

    Returns:
        The logarithm, its first derivatives by shape and alpha, shape (2, n), its second ones, shape (2, 2, n).
    """
    n, at = len(np.atleast_1d(shape)), alpha + T
    if k == 1:
        return np.zeros(np.shape(shape)), np.zeros((2, n)), np.zeros((2, 2, n))
    term = np.ones(np.shape(shape))
    total, slope, curve = term.copy(), np.zeros((2, *np.shape(shape))), np.zeros((2, 2, *np.shape(shape)))
    grown, squared = np.zeros(np.shape(shape)), np.zeros(np.shape(shape))
    for j in range(1, k):
        inverse = 1 / (shape + j - 1)
        term = term * (shape + j - 1) / j * (T - t_x) / at
        grown, squared = grown + inverse, squared + inverse**2
        total = total + term
        slope[0] += term * grown
        slope[1] -= term * j / at
        curve[0, 0] += term * (grown**2 - squared)
        curve[0, 1] -= term * grown * j / at
        curve[1, 1] += term * j * (j + 1) / at**2
    slope, curve = slope / total, curve / total
    curve[1, 0] = curve[0, 1]
    return np.log(total), slope, curve - slope[:, None] * slope[None, :]


def log_likelihood(counts: Counts, first: int, k: int) -> LogLikelihood:
    """Of (r, alpha, a, b), with gradient and Hessian; equation 4 of Reutterer, Platzer & Schröder, gaps left out."""
    x = np.concatenate([np.zeros(len(counts.zero_end), dtype=counts.x.dtype), counts.x]).astype(float)
    t_x = np.concatenate([np.zeros(len(counts.zero_end)), counts.times[counts.at_last]])
    T = counts.times[np.concatenate([counts.zero_end, counts.at_end])]
    weight = np.concatenate([counts.zero_weight, counts.weight])
    may_leave = (x > 0) | bool(first)
    values, h = np.flatnonzero(counts.by_x).astype(float), counts.by_x[counts.by_x > 0]

    def evaluate(params: Floats) -> tuple[float, Floats, Floats]:
        r, alpha, a, b = params
        shape, log_T, inv_T, inv_tx = r + k * x, np.log(alpha + T), 1 / (alpha + T), 1 / (alpha + t_x)
        silent, by_silent, silent_curve = _silence(shape, alpha, t_x, T, k)
        below = np.where(may_leave, b + x - 1 + first, 1.0)
        slope = np.empty((4, len(x)))  # of the log-odds of having left
        slope[0] = log_T - np.log(alpha + t_x) - by_silent[0]
        slope[1] = shape * (inv_T - inv_tx) - by_silent[1]
        slope[2], slope[3] = 1 / a, -1 / below
        odds = shape * (log_T - np.log(alpha + t_x)) + np.log(a) - np.log(below) - silent
        left = np.where(may_leave, expit(odds), 0.0)
        wq = weight * left
        value = float(weight @ (np.where(may_leave, np.logaddexp(0.0, odds), 0.0) + silent - shape * log_T))
        gradient = slope @ wq
        gradient[:2] += by_silent @ weight
        hessian = (slope * (wq * (1 - left))) @ slope.T
        hessian[:2, :2] += silent_curve @ (weight * (1 - left))
        hessian[0, 1] += wq @ (inv_T - inv_tx)
        hessian[1, 0] += wq @ (inv_T - inv_tx)
        hessian[1, 1] += (wq * shape) @ (inv_tx**2 - inv_T**2)
        hessian[2, 2] -= wq.sum() / a**2
        hessian[3, 3] += wq @ slope[3] ** 2
        beta_geometric.add_survival(gradient, hessian, weight, shape, log_T, inv_T)
        value += beta_geometric.add_gammas(gradient, hessian, params, (values, h, counts.n), first, k)
        return value, gradient, hessian

    return evaluate


def _survived(a: float, left: Floats, shape: Floats, y: Floats, new: Floats, k: int) -> Floats:
    """Sum over N, negative binomial of that shape, of (1 - p)^⌊N/k⌋ and the chance that stage N + 1 ends a wait."""
    if not len(shape):
        return np.zeros(0)
    u = y / (1 + y)
    pmf, lasts, total = np.exp(-shape * np.log1p(y)), np.ones(len(shape)), np.zeros(len(shape))
    mean = float((shape * y).max())
    spread = float(np.sqrt(shape * y * (1 + y)).max())
    last = int(mean + 8 * spread + 40 / max(-np.log(float(u.max()) or 1e-9), 1e-3)) + k
    for n in range(last):
        total += pmf * lasts * np.where(new > 0, float(n % k == k - 1), 1 / k)
        pmf = pmf * (shape + n) / (n + 1) * u
        if n % k == k - 1:
            m = n // k
            lasts = lasts * (left + m) / (a + left + m)
    return total
