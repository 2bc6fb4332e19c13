"""Panels drawn for tests of `did`, and the command as a user calls it."""

import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from evaluation.cli import main

NAMED = {"outcome": "y", "unit": "u", "period": "t", "cohort": "s"}
OPTIONS = ("--outcome", "y", "--unit", "u", "--period", "t", "--cohort", "s")


def panel(n: int = 12, *, starts: tuple[float, ...] = (3, 4, np.nan), periods: int = 5, seed: int = 0) -> pd.DataFrame:
    """Units 0 … n − 1 in turn of each start; outcomes are positive; `x` is a covariate, `w` a weight."""
    rng = np.random.default_rng(seed)
    u, t = np.repeat(np.arange(n), periods), np.tile(np.arange(1, periods + 1), n)
    s = np.array([starts[i % len(starts)] for i in range(n)])[u]
    y = 20 + rng.normal(size=n)[u] + rng.normal(size=periods)[t - 1] + (t >= s) + rng.normal(size=n * periods)
    return pd.DataFrame({"u": u, "t": t, "s": s, "y": y, "x": rng.normal(size=n)[u], "w": rng.uniform(1, 5, n)[u]})


def with_groups(data: pd.DataFrame, focal: object = "a", reference: object = "b", seed: int = 1) -> pd.DataFrame:
    """The panel for two groups in column `g`."""
    noise = np.random.default_rng(seed).normal(size=len(data))
    return pd.concat([data.assign(g=focal), data.assign(g=reference, y=data["y"] * 0.7 + noise)], ignore_index=True)


@dataclass(frozen=True)
class Said:
    """What a command ended with."""

    code: int
    out: str
    err: str


def command(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, *words: object, columns: int = 80) -> Said:
    """Run `evaluation did` with these words in a terminal of that many columns."""
    monkeypatch.setattr(sys, "argv", ["evaluation", "did", *map(str, words)])
    monkeypatch.setenv("COLUMNS", str(columns))
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main()
    return Said(int(end.value.code or 0), *capsys.readouterr())
