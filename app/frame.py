"""What every page shares: banner, chart with table and download, and the trace to its source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from app import state
from app.labels import Labels
from app.theme import Theme
from app.views import Figure
from evaluation import released
from evaluation.contracts import TABLES
from evaluation.errors import ReleaseError
from evaluation.released import Release

_LONG = 14
_TRACE = {"public_diagnostics": "stage diagnose ← cells", "public_intake": "stage ingest ← delivered files",
          "public_scales": "stage diagnose ← answers to items", "public_plan": "stage estimate ← study file and lock"}


def open_release() -> Release | None:
    """Let the visitor choose among published studies and return the release that the address or the newest names."""
    studies = released.studies()
    if not studies:
        st.info("Nothing was published yet. Run `make evaluate`, then reload this page.")
        return None
    titles = {study: str(released.current(study).labels["title"]) for study in studies}
    with st.sidebar:
        study = state.choose("study", "Study", titles)
    newest = released.current(study)
    found = _asked_for(study, newest)
    state.write("release", found.release_id)
    return found


def table(release: Release, name: str) -> pd.DataFrame:
    """Return a public table of the release; releases never change, so it is read once."""
    return _read(release.study, release.release_id, str(release.folder.parent.parent), name)


def heading(title: str, question: str, labels: Labels) -> None:
    """Place the banner, the page's title and its question."""
    if labels.banner:
        st.warning(labels.banner)
    st.title(title, anchor=False)
    st.caption(f"{labels.study['title']}. {question}")


def figure(shown: Figure, release: Release, labels: Labels, *, key: str, caption: str) -> None:
    """Place a chart, the same as a plain table, and its download; a chart without any value is a sentence."""
    if shown.data.empty:
        st.info("There is nothing to draw for this choice.")
        return
    if "value" in shown.data and shown.data["value"].isna().all():
        st.info("Every value of this chart is hidden; the table says why." if _is_hidden(shown.rows) else
                "There is no value to draw; the table says why.")
    else:
        signed = _signed(shown.data, release, labels)
        st.vega_lite_chart(signed, shown.spec, theme=None, width="stretch", key=f"chart_{key}", alt=shown.alt)
    plain(shown.table, caption)
    download(shown.rows, release, labels, key=key)


def plain(rows: pd.DataFrame, caption: str) -> None:
    """Place a plain table; a long one is folded."""
    rows = rows.rename(columns=lambda name: f"\\{name}" if name[:2] in {"+ ", "= ", "- "} else name)
    if len(rows) > _LONG:
        with st.expander(f"Table: {caption} ({len(rows)} rows)"):
            st.table(rows, hide_index=True, border="horizontal", alt=caption)
        return
    st.caption(caption)
    st.table(rows, hide_index=True, border="horizontal", alt=caption)


def download(rows: pd.DataFrame, release: Release, labels: Labels, *, key: str) -> None:
    """Offer released rows as CSV; every line carries study, release and banner."""
    content = _signed(rows, release, labels).to_csv(index=False).encode("utf-8-sig")
    st.download_button("Download CSV", content, mime="text/csv", key=f"csv_{key}", on_click="ignore",
                       file_name=f"{release.study}_{release.release_id}_{key}.csv")


def footer(release: Release, labels: Labels, tables: Sequence[str]) -> None:
    """Say where the numbers of this page come from."""
    made = release.provenance
    dirty = " with uncommitted changes" if made["is_dirty"] else ""
    commit = f"commit {made['commit'][:12]}{dirty}" if made["commit"] else "commit unknown"
    st.divider()
    st.caption(f"Study {release.study} · release {release.release_id} · {commit} · published {made['published_on']} · "
               f"approved by {made['approver']} · disclosure protection: {made['protection']}")
    traced = "; ".join(f"{name} ← {_made_by(name)}" for name in tables)
    protection = ("The values are those of the publisher; what it hides stays hidden." if labels.is_published else
                  "Values are hidden for fewer than 10 students; percentages of students are whole numbers and "
                  "coded at both ends.")
    st.caption(f"Numbers on this page: {traced}. {protection}")


def theme() -> Theme:
    """Return the visitor's theme."""
    return "dark" if st.context.theme.type == "dark" else "light"


def _is_hidden(rows: pd.DataFrame) -> bool:
    return "suppression" not in rows or bool((rows["suppression"] != "none").any())


def _signed(rows: pd.DataFrame, release: Release, labels: Labels) -> pd.DataFrame:
    """Return rows whose every line says where it comes from; charts too, for their own download."""
    signed = rows.copy()
    signed.insert(0, "banner", labels.banner or "")
    signed.insert(0, "release_id", release.release_id)
    signed.insert(0, "study", release.study)
    return signed


def _asked_for(study: str, newest: Release) -> Release:
    asked = st.query_params.get("release")
    if asked is None or asked == newest.release_id or st.query_params.get("study", study) != study:
        return newest
    try:
        older = released.release(study, asked)
    except ReleaseError:
        st.warning(f"The link asks for release “{asked}”, which is not here. Shown instead: {newest.release_id}.")
        return newest
    st.info(f"This is release {asked}; a newer one exists: {newest.release_id}.")
    return older


def _made_by(name: str) -> str:
    return _TRACE.get(name) or f"stage {TABLES[name.removeprefix('public_')].stage} ← cells"


@st.cache_data(max_entries=64, show_spinner=False)
def _read(study: str, release_id: str, root: str, name: str) -> pd.DataFrame:
    return released.release(study, release_id, Path(root)).table(name)
