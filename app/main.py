"""Start of the app: `streamlit run app/main.py` in the project's folder."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:  # streamlit puts app/ on the path, not the folder that holds it
    sys.path.insert(0, str(HERE.parent))

import streamlit as st  # noqa: E402

from app import frame, state  # noqa: E402
from evaluation.errors import ContractError, ReleaseError  # noqa: E402

# Not in a folder called `pages`: streamlit would run such a file by itself when a server's first visitor deep-links.
PAGES = {"start": "Start", "gaps_narrow": "Did gaps narrow?", "how_sure": "How sure are we?",
         "gaps_over_time": "Gaps over time", "coverage": "Data and coverage"}

page = st.navigation([
    st.Page(HERE / "screens" / f"{name}.py", title=title, url_path=None if name == "start" else name,
            default=name == "start") for name, title in PAGES.items()])
st.set_page_config(page_title=f"{page.title} · Gaps between student groups", layout="centered")
state.start(page.title)
try:
    release = frame.open_release()
    if release is not None:
        st.session_state["release"] = release
        page.run()
        state.finish()
except ReleaseError as error:
    st.error(f"{error.what[:1].upper()}{error.what[1:]} {error.fix}")
except ContractError:
    st.error("This release was made by another version of the program. Publish the study again with this version.")
