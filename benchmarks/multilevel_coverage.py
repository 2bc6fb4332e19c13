"""How often 95 % intervals of the multilevel model hold the truth, by CR2 and by the model's own standard error.

`python -m benchmarks.multilevel_coverage` prints the numbers of docs/methods/multilevel.md: designs without an effect,
with the shocks of districts and schools over time that the model does not know, and without them.
"""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from evaluation.stats.estimators.multilevel import multilevel
from evaluation.stats.inference.infer import infer
from evaluation.stats.records import Design, Floats

N_PERIODS, N_SCHOOLS, STARTS = 9, 3, (4.0, 6.0)
SD_DISTRICT, SD_SCHOOL, SD_STUDENT = 2.0, 3.0, 40.0
DISTRICTS = ((8, 4), (14, 6), (14, 4), (26, 8))
"""Districts, and those of them in the program."""


@dataclass(frozen=True)
class Shocks:
    """Standard deviation of a shock of district, and of school, by year, and its autocorrelation."""

    sd: float
    autocorrelation: float


SHOCKS = (Shocks(0.0, 0.0), Shocks(4.0, 0.7))


def main() -> None:
    """Print coverage by design."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=1000)
    repetitions = parser.parse_args().repetitions
    console, rng = Console(), np.random.default_rng(1)
    for n_districts, n_program in DISTRICTS:
        for shocks in SHOCKS:
            by_cr2, by_model = coverage(n_districts, n_program, shocks, repetitions, rng)
            console.print(f"{n_districts} districts, {n_program} in the program, shocks {shocks.sd}: "
                          f"CR2 {by_cr2:.3f}, model {by_model:.3f}")


def coverage(n_districts: int, n_program: int, shocks: Shocks, repetitions: int,
             rng: np.random.Generator) -> tuple[float, float]:
    """Return the share of intervals that hold 0, by CR2 and by ±1.96 of the model's standard error."""
    held = []
    for _ in range(repetitions):
        design, variance = draw(n_districts, n_program, shocks, rng)
        found = multilevel(design, variance=variance)
        made = infer(found.gap)[0][0]
        if made.ci_low is not None and made.ci_high is not None:
            held.append((made.ci_low <= 0 <= made.ci_high, abs(made.value) <= 1.96 * found.model_se[0]))
    by_cr2, by_model = np.mean(held, axis=0)
    return float(by_cr2), float(by_model)


def draw(n_districts: int, n_program: int, shocks: Shocks, rng: np.random.Generator) -> tuple[Design, Floats]:
    """Draw a design without an effect, of two cohorts of equal size, and its cells' sampling variance (U, T, 2)."""
    district = np.repeat(np.arange(n_districts), N_SCHOOLS)
    cohort = np.full(n_districts, np.nan)
    cohort[:n_program] = np.repeat(STARTS, n_program // 2)
    variance = SD_STUDENT**2 / rng.integers(15, 90, (len(district), 1, 2)) * np.ones((1, N_PERIODS, 1))
    groups = np.stack([
        rng.normal(0, SD_DISTRICT, (n_districts, 1))[district] + rng.normal(0, SD_SCHOOL, (len(district), 1))
        + _path(n_districts, shocks, rng)[district] + _path(len(district), shocks, rng) for _ in range(2)], axis=2)
    groups = groups + rng.normal(0, np.sqrt(variance))
    design = Design(
        outcome=np.concatenate([groups[..., :1] - groups[..., 1:], groups], axis=2),
        parts=("gap", "focal", "reference"), unit_ids=tuple(map(str, range(len(district)))),
        periods=np.arange(1, N_PERIODS + 1), position=np.arange(N_PERIODS), cluster=district,
        stratum=np.zeros(len(district), dtype=np.int64), cohort=cohort[district], weight=np.ones(len(district)),
        is_break=np.zeros(N_PERIODS, dtype=bool))
    return design, variance


def _path(n: int, shocks: Shocks, rng: np.random.Generator) -> Floats:
    """(n, T): stationary first-order autoregression."""
    out = rng.normal(0, shocks.sd, (n, N_PERIODS))
    for t in range(1, N_PERIODS):
        out[:, t] = (shocks.autocorrelation * out[:, t - 1]
                     + np.sqrt(1 - shocks.autocorrelation**2) * out[:, t])
    return out


if __name__ == "__main__":
    main()
