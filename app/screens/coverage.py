import streamlit as st

from app import choices, frame, level_text, levels, state
from app.labels import Labels

release = st.session_state["release"]
labels = Labels(release.labels)
frame.heading("Data and coverage", "What is in, hidden, missing, set aside?", labels)

coverage, intake = frame.table(release, "public_coverage"), frame.table(release, "public_intake")
with st.sidebar:
    outcome = state.choose("outcome", "Outcome", {o: str(e["label"]) for o, e in labels.outcomes.items()})
    pool = state.choose("pool", "Districts", choices.pools(coverage))

rows = choices.in_pool(coverage[coverage["outcome_id"] == outcome], pool, labels)
sentence = level_text.coverage(rows, labels)
st.markdown(sentence)
st.header("By district and year", anchor=False)
students = "" if labels.is_published else " (10 or more students)"
small = "" if labels.is_published else "[c] all rest on fewer than 10 students, "
st.markdown(f"A value is one {labels.study['unit']}, group and year. A number is the percent of expected values that "
            f"are {levels.usable(labels)}{students}. {small}"
            "[s] hidden by the publisher, [x] not sent or not published, · none expected.")
frame.figure(levels.coverage_matrix(rows, labels, frame.theme(), sentence), release, labels, key="coverage",
             caption=f"Percent of expected values {levels.usable(labels)}")

st.header("By reason", anchor=False)
frame.plain(levels.reasons(coverage, labels),
            f"Values expected, {levels.usable(labels)} and missing, all districts and years")
frame.download(coverage, release, labels, key="coverage_all")

st.header("Rows received", anchor=False)
st.markdown("Rows in = accepted + set aside + refused. Accepted and refused rows are rounded to 10 per year. "
            "A row set aside broke a rule"
            + ("." if labels.is_published else "; the district was told which and where."))
frame.plain(levels.intake(intake, labels), "Rows received, all years")
frame.download(intake, release, labels, key="intake")

st.header("Data dictionary", anchor=False)
frame.plain(levels.dictionary(), "Columns of the public tables")
frame.footer(release, labels, ["public_coverage", "public_intake"])
