import streamlit as st

from app import choices, frame, levels, state, text
from app.labels import Labels

release = st.session_state["release"]
labels = Labels(release.labels)
frame.heading("Data and coverage", "What is in, hidden, missing, set aside?", labels)

coverage, intake = frame.table(release, "public_coverage"), frame.table(release, "public_intake")
with st.sidebar:
    outcome = state.choose("outcome", "Outcome", {o: str(e["label"]) for o, e in labels.outcomes.items()})
    pool = state.choose("pool", "Districts", choices.pools(coverage))

rows = choices.in_pool(coverage[coverage["outcome_id"] == outcome], pool, labels)
sentence = text.coverage(rows, labels)
st.markdown(sentence)
st.header("By district and year", anchor=False)
st.markdown("A number is the percent of expected values that are shown. [c] all rest on fewer than 10 students, "
            "[s] hidden by the publisher, [x] not sent or not published, · none expected.")
frame.figure(levels.coverage_matrix(rows, labels, frame.theme(), sentence), release, labels, key="coverage",
             caption="Percent of expected values shown")

st.header("By reason", anchor=False)
frame.plain(levels.reasons(coverage, labels), "Values expected, shown and missing, all districts and years")
frame.download(coverage, release, labels, key="coverage_all")

st.header("Rows received", anchor=False)
st.markdown("Rows in = accepted + set aside + refused. Accepted and refused rows are rounded to 10 per year. "
            "A row set aside broke a rule; the district was told which and where.")
frame.plain(levels.intake(intake, labels), "Rows received, all years")
frame.download(intake, release, labels, key="intake")

st.header("Data dictionary", anchor=False)
frame.plain(levels.dictionary(), "Columns of the public tables")
frame.footer(release, ["public_coverage", "public_intake"])
