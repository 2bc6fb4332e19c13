"""The event study that sensitivity analysis reads, and its differences per period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from evaluation.stats.records import Floats, Integers

Order = Literal[1, 2]
SINGULAR = 1e-10
"""A correlation matrix whose smallest eigenvalue is below this share of its largest has no usable inverse."""


@dataclass(frozen=True)
class EventStudy:
    """Estimates of one path of effects, all relative to the same (universal) base period.

    Attributes
    ----------
    value : (m,)
        Effects in outcome units, pre periods first; the base period, zero by construction, is left out.
    covariance : (m, m)
        Their covariance, of full rank.
    event_time : (m,)
        Increasing, in periods; periods left out (a pandemic) leave a hole. A mean over cohorts whose holes differ need
        not be whole.
    n_pre : int
        How many of the first event times lie before the program.
    base : int
        Event time of the base period, before the first post period.
    df : float or None
        Degrees of freedom of the standard errors; None: as if they were known.

    Raises
    ------
    ValueError
        No pre or no post period; the base period among the event times (estimates with a varying base are no path); a
        covariance that is not symmetric, not positive or of deficient rank (fewer clusters than event times); shapes
        that do not fit; values that are not finite.
    """

    value: Floats
    covariance: Floats
    event_time: Integers | Floats
    n_pre: int
    base: int = -1
    df: float | None = None

    def __post_init__(self) -> None:
        m = len(self.event_time)
        if np.shape(self.value) != (m,) or np.shape(self.covariance) != (m, m):
            raise ValueError(f"{m} event times need {m} values and a covariance of {m} × {m}; "
                             f"given are {np.shape(self.value)} and {np.shape(self.covariance)}.")
        if not 0 < self.n_pre < m:
            raise ValueError("Sensitivity needs at least one pre and one post period beside the base period; "
                             f"{self.n_pre} of {m} event times are before the program.")
        _check_times(self.event_time, self.n_pre, self.base)
        _check_covariance(self.covariance)
        if not np.isfinite(self.value).all():
            raise ValueError("An event-study estimate is missing or infinite. Leave its event time out.")
        if self.df is not None and not self.df > 0:
            raise ValueError(f"Degrees of freedom must be positive, not {self.df}.")

    @property
    def n_post(self) -> int:
        """How many event times the program has."""
        return len(self.event_time) - self.n_pre

    @property
    def since_base(self) -> Floats:
        """(m,): periods since the base period, negative before it."""
        return np.asarray(self.event_time - self.base, dtype=float)


def widened(study: EventStudy, alpha: float) -> Floats:
    """Covariance × (t/z)² at 1 − α/2, so that normal critical values give the t interval; as it is without df.

    The theory of robust sets is normal. With few clusters this is a convention: exact for a plain interval, an
    approximation for the rest.
    """
    if study.df is None:
        return study.covariance
    ratio = float(stats.t.ppf(1 - alpha / 2, study.df) / stats.norm.ppf(1 - alpha / 2))
    return np.asarray(study.covariance * ratio**2)


def differences(study: EventStudy, order: Order) -> tuple[Floats, Floats]:
    """Differences per period as rows over the m event times: those before the program, and those that reach into it.

    Order 1, the slope r_j = (δ_{j+1} − δ_j)/(t_{j+1} − t_j) between neighbouring times, the base (δ = 0) among them.
    Order 2, the change of slope per period, (r_j − r_{j−1}) / ((t_{j+1} − t_{j−1})/2). With unit spacing these are
    δ_{t+1} − δ_t and δ_{t+1} − 2δ_t + δ_{t−1}. With holes each is a weighted mean of the unit-spaced ones it spans, so
    a bound that holds for every period holds for them.
    """
    at = int(np.searchsorted(study.event_time, study.base))
    time = np.insert(study.event_time, at, study.base).astype(float)
    first = np.diff(np.eye(len(time)), axis=0) / np.diff(time)[:, None]
    rows: Floats = first if order == 1 else np.diff(first, axis=0) / ((time[2:] - time[:-2]) / 2)[:, None]
    kept: Floats = np.delete(rows, at, axis=1)
    return np.asarray(kept[:-study.n_post]), np.asarray(kept[-study.n_post:])


def contrast_of(study: EventStudy, contrast: Floats | None) -> Floats:
    """(n_post,): the given contrast of post effects, the first effect where none is given."""
    if contrast is None:
        return np.asarray(np.eye(1, study.n_post)[0])
    if np.shape(contrast) != (study.n_post,) or not np.isfinite(contrast).all() or not np.any(contrast):
        raise ValueError(f"A contrast needs one finite weight per post period ({study.n_post}), not all zero.")
    return np.asarray(contrast, dtype=float)


def _check_times(event_time: Integers | Floats, n_pre: int, base: int) -> None:
    if base in event_time:
        raise ValueError(f"Event time {base} is the base period and has an estimate of its own. Sensitivity needs a "
                         "universal base: estimate all event times against one base period and leave it out.")
    if np.any(np.diff(event_time) <= 0):
        raise ValueError("Event times must increase, each once.")
    if base > event_time[n_pre]:
        raise ValueError(f"The base period {base} lies after the program's first event time {event_time[n_pre]}.")


def _check_covariance(covariance: Floats) -> None:
    if not np.isfinite(covariance).all() or np.abs(covariance - covariance.T).max() > 1e-8 * np.abs(covariance).max():
        raise ValueError("The covariance of the event study is not finite and symmetric.")
    scale = np.sqrt(np.clip(np.diag(covariance), 0, None))
    roots = np.linalg.eigvalsh(covariance / np.outer(scale, scale)) if scale.all() else np.zeros(1)
    if roots[0] <= SINGULAR * roots[-1]:
        raise ValueError("The covariance of the event study has deficient rank: there are no more clusters than event "
                         "times, or two times carry the same estimate. Use fewer event times.")
