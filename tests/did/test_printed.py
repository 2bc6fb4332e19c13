"""What the command prints and draws: no number is cut, markup is text, and a picture changes nothing."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from evaluation.did import did
from tests.did.panels import NAMED, OPTIONS, command, panel, with_groups

LONG = ("multilingual learners with disability", "students never classified as such")


@pytest.fixture
def evaluation(capsys, monkeypatch, tmp_path):
    """Write a panel and run the command on it."""
    def run(data, *words, columns=80, options=OPTIONS):
        data.to_csv(tmp_path / "a.csv", index=False)
        return command(capsys, monkeypatch, tmp_path / "a.csv", *options, *words, columns=columns)

    return run


def printed(text: str) -> list[str]:
    """Effects, intervals, standard errors and p-values as they stand in a table."""
    return re.findall(r"−?\d+\.\d+(?:e[+−]\d+)?", text.split("Inference:", maxsplit=1)[0])


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("groups", [("a", "b"), LONG])
def test_no_number_is_cut_however_narrow_the_terminal(evaluation, columns, groups):
    words = ("--group", "g", "--focal", groups[0], "--reference", groups[1], "--inference", "cr1", "--aggregate",
             "event")
    data = with_groups(panel(30), *groups)
    said = evaluation(data, *words, columns=columns)
    assert said.code == 0
    assert "…" not in said.out
    assert printed(said.out) == printed(evaluation(data, *words, columns=400).out)
    if columns >= 40:
        assert max(map(len, said.out.splitlines())) <= columns


def test_the_share_of_negative_weights_is_a_sentence(evaluation):
    said = " ".join(evaluation(panel(starts=(2, 8), periods=8), "--estimator", "twfe").out.split())
    assert ("12.5 % of program cells (6 of 48) enter with a negative weight; their weights sum to −0.5, those of all "
            "program cells to 1.") in said
    without = " ".join(evaluation(panel(starts=(3, np.nan)), "--estimator", "twfe").out.split())
    assert "0.0 % of program cells (0 of 18) enter with a negative weight. Inference:" in without


def test_a_long_group_code_is_folded_and_whole(evaluation):
    said = evaluation(with_groups(panel(), *LONG), "--group", "g", "--focal", LONG[0], "--reference", LONG[1])
    folded = {line[9:30].strip() for line in said.out.splitlines()}
    assert set(LONG[0].split()) <= set(" ".join(folded).split())


@pytest.mark.parametrize(("factor", "shape"), [(1e-7, r"\d\.\d{3}e−0[78]"), (1e8, r"\d\.\d{3}e\+0[789]"),
                                               (1.0, r"\d\.\d{3,4}"), (1000.0, r"\d{3,4}(\.\d)?")])
def test_very_small_and_large_effects_keep_their_digits(evaluation, factor, shape):
    said = evaluation(panel(30).assign(y=lambda d: d["y"] * factor), "--inference", "cr1")
    row = next(line for line in said.out.splitlines() if line.startswith("overall"))
    assert re.fullmatch(f"−?{shape}", row.split()[1])


def test_a_tiny_p_value_is_below_a_thousandth_in_print_and_itself_in_json(evaluation):
    data = panel(60).assign(y=lambda d: d["y"] + 50 * (d["t"] >= d["s"]))
    assert "<0.001" in evaluation(data, "--inference", "cr1").out
    assert 0 < json.loads(evaluation(data, "--inference", "cr1", "--json").out)["estimates"][0]["p_value"] < 1e-6


@pytest.mark.parametrize("name", ["[/x]", "[b]", "[red]y[/red]", ":smile:", "a]["])
def test_markup_in_names_is_text(evaluation, name):
    data = with_groups(panel(), f"[/b]{name}", "other").rename(columns={"y": name, "u": "[/u]"})
    said = evaluation(data, "--group", "g", "--focal", f"[/b]{name}", "--reference", "other", options=(
        "--outcome", name, "--unit", "[/u]", "--period", "t", "--cohort", "s"))
    assert (said.code, said.err) == (0, "")
    assert f"effect on {name}" in said.out
    assert f"[/b]{name}" in said.out
    assert "Clusters: [/u]" in said.out
    assert evaluation(data, options=("--outcome", "[/none]", *OPTIONS[2:])).code == 2


@pytest.mark.parametrize("words", [(), ("--aggregate", "cohort"), ("--json",), ("--aggregate", "event")])
def test_a_picture_changes_no_estimate(evaluation, tmp_path, words):
    plain = evaluation(panel(), *words)
    drawn = evaluation(panel(), *words, "--picture", tmp_path / "a.svg")
    assert drawn.out == plain.out
    assert "Periods since the start" in (tmp_path / "a.svg").read_text()


def test_print_and_picture_say_where_the_band_is(evaluation, tmp_path):
    said = evaluation(panel(60, periods=9), "--aggregate", "event", "--picture", tmp_path / "a.svg")
    assert "A 95 % band that holds event times 0, 1, 2, 3 all at once" in " ".join(said.out.split())
    assert "shaded: 95 % band, holds periods 0, 1, 2, 3 all at once" in (tmp_path / "a.svg").read_text()
    assert (tmp_path / "a.svg").read_text().count('opacity="0.2"') == 4
    few = evaluation(panel(10, starts=(4, np.nan), periods=7), "--aggregate", "event", "--picture", tmp_path / "b.svg")
    assert "band" not in few.out
    assert "band" not in (tmp_path / "b.svg").read_text()


def test_the_picture_says_whom_the_estimator_compares_with(evaluation, tmp_path):
    evaluation(panel(), "--estimator", "sun_abraham", "--picture", tmp_path / "a.svg")
    assert "compared with units that never start" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize(("words", "said"), [
    (("--estimator", "twfe", "--picture", "a.svg"), "option --picture: `twfe` has no effects by periods since"),
    (("--picture", "a.pdf"), "option --picture (a.pdf): a picture is written as .svg or .png"),
])
def test_a_picture_that_cannot_be_drawn_is_told_by_its_option(evaluation, words, said):
    found = evaluation(panel(), *words)
    assert (found.code, found.out) == (2, "")
    assert said in found.err


@pytest.mark.parametrize("words", [(), ("--json",)])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_a_sentence(tmp_path, words):
    panel().to_csv(tmp_path / "a.csv", index=False)
    program = "import sys; from evaluation.cli import main; sys.argv[0] = 'evaluation'; main()"
    with open("/dev/full", "w") as full:
        ended = subprocess.run([sys.executable, "-c", program, "did", str(tmp_path / "a.csv"), *OPTIONS, *words],
                               stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr == "standard output: the result cannot be written there. Check that the disk has room.\n"


def test_a_negative_seed_is_refused_as_an_option(evaluation):
    said = evaluation(panel(), "--seed", "-1")
    assert said.code == 2
    assert "--seed" in said.err


def test_covariates_can_be_given_one_by_one(evaluation):
    data = panel().rename(columns={"x": "a,b"})
    words = ("--covariates", "a,b", "--covariates", "w", "--adjustment", "regression", "--json")
    said = json.loads(evaluation(data, *words).out)
    assert said["specification"]["covariates"] == ["a,b", "w"]


LONE = panel(13, starts=(3, np.nan)).assign(s=lambda d: d["s"].where(d["u"] != 0, 4.0))


def test_a_cohort_that_leaves_the_average_is_named(evaluation):
    found = did(LONE, **NAMED)
    assert found.estimates[0].left_out_cohorts == (4,)
    assert found.to_dict()["estimates"][0]["left_out_cohorts"] == [4]
    assert all(e.left_out_cohorts == () for e in did(LONE, **NAMED, aggregate_by="cohort").estimates)
    said = " ".join(evaluation(LONE).out.split())
    assert "Left out of overall: cohort 4, of one cluster alone" in said


@pytest.mark.parametrize(("data", "options", "said"), [
    (with_groups(panel()).query("u != 3 or g == 'a'"), {"group": "g"},
     "1 of 12 units have rows of one group alone and are left out."),
    (with_groups(panel()).query("u != 3 or t != 2 or g == 'a'"), {"group": "g"},
     "1 rows are left out, as the other group has none of that unit and period."),
    (with_groups(panel()).query("u != 3 or g == 'a'"), {"group": "g", "estimator": "etwfe_poisson"},
     "1 of 12 units have rows of one group alone, and count for that group."),
    (with_groups(panel()).assign(g=lambda d: d["g"].where(d["u"] != 3)), {"group": "g"},
     "10 rows have no group in column `g` and are left out."),
    (with_groups(panel()).assign(g=lambda d: d["g"].where(d["u"] > 1, d["u"].map({0: "c", 1: "d"}) + d["g"])),
     {"group": "g"}, "20 rows are of 4 other groups in column `g` and are left out."),
    (panel().query("u != 3 or t == 2"), {},
     "1 of 12 units are seen in one period only: `group_time_att` follows units and cannot use them "
     "(group_time_att with --sampling repeated_cross_sections can)."),
    (panel(starts=(4, *[np.nan] * 11)).query("u != 3 or t != 2"), {"estimator": "synthetic_did"},
     "1 of 12 units miss a period: `synthetic_did` uses units that are seen in all periods of the program units."),
    (panel(), {"never": "777"}, "No row of column `s` is `777`, the value that --never gives."),
])
def test_what_is_left_out_is_counted(data, options, said):
    groups = {"focal": "a", "reference": "b"} if "group" in options else {}
    assert said in did(data, **NAMED, **options, **groups).notes


def test_cross_sections_use_units_that_are_seen_once():
    assert did(panel().query("u != 3 or t == 2"), **NAMED, sampling="repeated_cross_sections").notes == ()
