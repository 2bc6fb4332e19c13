"""Run the default study end to end over many seeds and compare headline effects with the planted truth.

`make verify` runs 20 seeds. Each seed goes through the real stages, from delivered files to estimates, in a folder of
its own. The page it writes says, per headline effect: mean bias, its Monte Carlo standard error, the coverage of the
95 % interval, how often none was given, and how often two-way fixed effects lies outside the headline's interval.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import yaml
from rich.console import Console
from rich.progress import Progress

from evaluation import params
from evaluation.cli.found import overall, planted, two_way_of
from evaluation.design import renamed, survivors

ROOT = Path(__file__).parents[1]
STAGES = ("synthetic", "ingest", "panel", "estimate")
STUDY = "partnership"
HETEROGENEOUS = "belonging_1to5"
"""The outcome whose effects grow and differ most by cohort."""
MISSED_SHARE = 0.75
"""Share of seeds in which two-way fixed effects must lie outside the headline's interval there."""


def main() -> int:
    """Run the seeds and write the page; exit code 1 when what it promises does not hold."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, default=ROOT / "docs/methods/planted_truth.md")
    options = parser.parse_args()
    console = Console(stderr=True)
    with Progress(console=console) as progress, ThreadPoolExecutor(options.workers) as pool:
        bar = progress.add_task("seeds", total=options.seeds)
        parts = []
        for part in pool.map(run_seed, range(1, options.seeds + 1)):
            parts.append(part)
            progress.advance(bar)
    table = summarise(pd.concat(parts))
    options.output.write_text(page(table, options.seeds), encoding="utf-8")
    console.print(table.to_string(index=False))
    print(options.output)
    return int(bool(table["is_biased"].any() or missed_by_two_way(table).max() < MISSED_SHARE * options.seeds))


def run_seed(seed: int) -> pd.DataFrame:
    """Run one seed through the real stages and return its headline effects beside the truth."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "studies").mkdir()
        for name in ("dvc.yaml", "params.yaml"):
            shutil.copy(ROOT / name, root / name)
        study = yaml.safe_load((ROOT / f"studies/{STUDY}.yaml").read_text(encoding="utf-8"))
        study["synthetic"]["seed"] = seed
        (root / f"studies/{STUDY}.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
        for stage in STAGES:
            subprocess.run([sys.executable, "-m", f"evaluation.{stage}", STUDY], cwd=root, check=True,
                           stderr=subprocess.PIPE)
        return pd.DataFrame(headline_effects(root, seed))


def headline_effects(root: Path, seed: int) -> Iterator[dict[str, object]]:
    """Yield one row per confirmatory effect on a gap."""
    study = params.study(STUDY, root)
    unreleased = root / "data/unreleased"
    estimates = overall(pd.read_parquet(unreleased / f"estimate/{STUDY}/estimates.parquet"))
    merged = survivors(pd.read_parquet(unreleased / f"panel/{STUDY}/school_lineage.parquet"), study)
    truth = planted(pd.read_parquet(unreleased / f"estimate/{STUDY}/estimate_weights.parquet"),
                    renamed(pd.read_parquet(unreleased / f"synthetic/{STUDY}/truth_cells.parquet"), merged), study)
    confirmatory = study.plan.confirmatory_specifications()
    for specification in (s for s in study.specifications if s.id in confirmatory):
        for outcome in specification.outcomes:
            for gap in specification.gaps:
                row = estimates[(specification.id, outcome, gap, "gap")]
                two_way = estimates[(two_way_of(study, specification) or "", outcome, gap, "gap")]
                right = truth[(specification.id, outcome, gap)]
                yield {
                    "program": specification.program, "outcome_id": outcome, "gap_id": gap, "seed": seed,
                    "truth": right, "error": row["value"] - right, "is_refused": pd.isna(row["ci_low"]),
                    "is_covered": row["ci_low"] <= right <= row["ci_high"],
                    "two_way_error": two_way["value"] - right,
                    "two_way_excludes_truth": not two_way["ci_low"] <= right <= two_way["ci_high"],
                    "two_way_outside_interval": not row["ci_low"] <= two_way["value"] <= row["ci_high"],
                }


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Return bias, Monte Carlo standard error, coverage and refusals per headline effect."""
    rows = rows.assign(is_covered=rows["is_covered"].where(~rows["is_refused"]))
    table = rows.groupby(["program", "outcome_id", "gap_id"]).agg(
        seeds=("seed", "size"), truth=("truth", "mean"), mean_bias=("error", "mean"), mc_se=("error", "sem"),
        coverage=("is_covered", "mean"), refused=("is_refused", "sum"), two_way_bias=("two_way_error", "mean"),
        two_way_excludes_truth=("two_way_excludes_truth", "sum"),
        two_way_outside_interval=("two_way_outside_interval", "sum"),
    ).reset_index()
    return table.assign(is_biased=table["mean_bias"].abs() > 2 * table["mc_se"])


def missed_by_two_way(table: pd.DataFrame) -> pd.Series:
    """Return in how many seeds two-way fixed effects lies outside the headline's interval, heterogeneous outcome."""
    return table.loc[table["outcome_id"] == HETEROGENEOUS, "two_way_outside_interval"]


def page(table: pd.DataFrame, seeds: int) -> str:
    """Return the page of results in Markdown."""
    lines = [
        "# Planted truth over many seeds", "",
        "*Written by `make verify`; do not edit it.*", "",
        f"The default study with {seeds} seeds, each from delivered files to estimates. Truth is the planted effect on "
        "the gap under the estimate's own weights, in outcome units. Bias within 2 Monte Carlo standard errors (MCSE) "
        "is none that these seeds can show. Coverage counts 95 % intervals that hold the truth, among those given.",
        "",
        "| Program | Outcome | Gap | Truth | Bias | MCSE | Bias / MCSE | Coverage | No interval | Two-way: bias | "
        "Two-way outside the interval | Two-way interval excludes truth |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for r in table.to_dict("records"):
        lines.append(
            f"| {r['program']} | {r['outcome_id']} | {r['gap_id']} | {r['truth']:.3f} | {r['mean_bias']:.3f} | "
            f"{r['mc_se']:.3f} | {r['mean_bias'] / r['mc_se']:.1f} | {r['coverage']:.2f} | {r['refused']} | "
            f"{r['two_way_bias']:.3f} | {r['two_way_outside_interval']} | {r['two_way_excludes_truth']} |")
    return "\n".join([*lines, ""]).replace("-0.", "−0.").replace("| -", "| −")


if __name__ == "__main__":
    sys.exit(main())
