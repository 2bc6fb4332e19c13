import streamlit as st

from app import choices, frame, level_text, levels, measurement, state, text
from app.labels import Labels

release = st.session_state["release"]
labels = Labels(release.labels)
frame.heading("Gaps over time", "Is the gap up or down?", labels)

gaps, scales = frame.table(release, "public_gap_levels"), frame.table(release, "public_scales")
with st.sidebar:
    program = state.choose("program", "Program", {p: str(e["label"]) for p, e in labels.programs.items()})
    outcome = state.choose("outcome", "Outcome", {o: str(e["label"]) for o, e in labels.outcomes.items()})
    gap = state.choose("gap", "Gap", {g: str(e["label"]) for g, e in labels.gaps.items()})
    districts = state.choose_many("districts", "Districts (up to 4)", choices.districts(gaps, labels), most=4)

scopes = choices.scopes(program, districts)
found = {scope: levels.of_scope(gaps, scope, outcome, gap) for scope in scopes}
found = {scope: rows for scope, rows in found.items() if not rows.empty}
refused = measurement.refusal(scales, outcome, gap, program, labels)
if refused:
    st.info(refused)
elif not found:
    st.info("No gap is on record for this choice.")
else:
    together = levels.together(found)
    sentences = {scope: level_text.trend(rows, labels) for scope, rows in found.items()}
    said = (next(iter(sentences.values())), measurement.warning(scales, outcome, gap, program, labels))
    st.markdown(" ".join(s for s in said if s))
    st.caption("Levels describe what was; whether a program changed them is on the page “Did gaps narrow?”. "
               "[c] too few students or coded, [s] hidden by the publisher, [x] not sent, [z] no such students.")
    st.header("Both groups", anchor=False)
    for scope, rows in found.items():
        st.subheader(labels.scope(*scope), anchor=False)
        frame.figure(levels.group_lines(rows, labels, frame.theme(), sentences[scope], levels.shared_ends(together)),
                     release, labels, key=f"levels_{scope[0]}_{scope[1]}", caption=f"{labels.scope(*scope)}, by year")
    st.header("The gap", anchor=False)
    shown = levels.gap_lines(together, list(found), labels, frame.theme(), " ".join(sentences.values()))
    frame.figure(shown, release, labels, key="gaps", caption=f"{labels.gaps[gap]['label']} gap, by year")
    st.markdown(text.hidden(together).capitalize() + ".")
frame.footer(release, labels, ["public_gap_levels", "public_scales"])
