"""report.html: the content of report.json as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evaluation.ingest.report.coverage_matrix import STATES
from evaluation.ingest.report.not_sent import not_sent
from evaluation.ingest.report.small_counts import FEWEST

_MARKS = {"sent": "✓", "no_rows": "○", "refused": "✕", "not_sent": "–", "not_listed": "·"}
_HOLDS = {"school_year": "Schools", "student_year": "Students", "school_session": "Terms"}
_LACKING = ("refused", "not_sent", "no_rows")


def page(content: Mapping[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    content : as `report_content` returns it, with `revisions` where the delivery has versions.
    """
    environment = Environment(loader=PackageLoader("evaluation.ingest.report", "templates"), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(count="{:,}".format, words=_words, table=_table, marked=_marked)
    revisions = content.get("revisions", [])
    template = environment.get_template("report.html.j2")
    return template.render(
        report=content, colour={0: "good", 2: "bad", 3: "warn"}[content["verdict"]["exit_code"]],
        coverage=_coverage(content["coverage"]), files=_files(content["files"]), marks=_MARKS, states=STATES,
        movement=_movement(content), not_compared=[f for f in content.get("superseded_files", []) if f["refusal"]],
        fewest=FEWEST, revisions=[r for r in revisions if not _is_same(r)], same=[r for r in revisions if _is_same(r)],
        not_sent=list(not_sent(content["coverage"])), title=_title(content))


def _is_same(revision: Mapping[str, Any]) -> bool:
    return {revision["added"], revision["removed"], revision["changed"]} <= {0, "0"}


def _title(content: Mapping[str, Any]) -> str:
    districts = [d["district_id"] for d in content["districts"]]
    return f"Intake report, {districts[0]}" if len(districts) == 1 else f"Intake report, {len(districts):,} districts"


def _words(name: str) -> str:
    """Return `school_year` as `School year`."""
    return name.replace("_", " ").capitalize()


def _table(name: str) -> str:
    """Return what a table holds, with its name in mapping.yaml where that says something else."""
    return f"{_HOLDS[name]} ({name})" if name in _HOLDS else _words(name)


def _marked(sentence: str) -> Markup:
    """Return a sentence whose words between backticks are set as code."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        return Markup("{}").format(sentence)
    return Markup("").join(Markup("<code>{}</code>" if i % 2 else "{}").format(part) for i, part in enumerate(parts))


def _coverage(rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return districts with their years, their tables' rows, and what is lacking in words."""
    found = []
    for district, mine in groupby(rows, key=lambda row: row["district_id"]):
        lines = list(mine)
        states = [year["state"] for line in lines for year in line["years"]]
        lacking = [f"{states.count(state):,} {state.replace('_', ' ')}" for state in _LACKING if state in states]
        tables = [(name, list(group)) for name, group in groupby(lines, key=lambda line: line["table"])]
        found.append({"district_id": district, "tables": tables, "lacking": ", ".join(lacking), "places": len(states),
                      "years": [year["school_year"] for year in lines[0]["years"]]})
    return found


def _movement(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return districts with how their ids link and a row per school year."""
    linking = content.get("linking", {"movement": [], "districts": {}})
    return [{"district_id": district, "years": list(mine)} | linking["districts"][district]
            for district, mine in groupby(linking["movement"], key=lambda row: row["district_id"])]


def _files(files: list[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return districts with their files, worst first."""
    ordered = sorted(files, key=lambda file: (file["district_id"], file["refusal"] is None, -file["rows_quarantined"],
                                              file["file"]))
    return [(district, list(mine)) for district, mine in groupby(ordered, key=lambda file: file["district_id"])]
