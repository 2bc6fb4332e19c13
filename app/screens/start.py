import streamlit as st

from app import choices, effect_text, exposure, frame, measurement, relative, state, views
from app.labels import Labels
from app.topic import Topic

release = st.session_state["release"]
labels = Labels(release.labels)
frame.heading("Start", labels.study["question"], labels)

programs = {p: str(entry["label"]) for p, entry in labels.programs.items() if labels.headline(p)}
with st.sidebar:
    program = state.choose("program", "Program", programs)
specification = labels.headline(program) or ""
estimates, diagnostics = frame.table(release, "public_estimates"), frame.table(release, "public_diagnostics")
refusals, scales = frame.table(release, "public_refusals"), frame.table(release, "public_scales")
factors = frame.table(release, "public_relative_effects")

st.header("What do we know today?", anchor=False)
st.markdown("Estimated changes of gaps, compared with similar places not (yet) in the program. "
            f"{effect_text.LEGEND} A gap is the focal group minus the reference group.")
for outcome in labels.specifications[specification]["outcomes"]:
    st.subheader(str(labels.outcomes[outcome]["label"]), anchor=False)
    sentences, refused = [], set()
    for gap in labels.specifications[specification]["gaps"]:
        refusal = measurement.refusal(scales, outcome, gap, program, labels)
        if refusal:
            refused.add(gap)
            st.markdown(f"**– not shown** — {refusal}")
            continue
        rows = views.estimand(estimates, specification, outcome, gap)
        factor = relative.of_estimand(factors, Topic(specification, outcome, gap, labels))
        said = (effect_text.effect(rows, labels, choices.detectable(diagnostics, specification, outcome, gap),
                            choices.refusal(refusals, specification, outcome, gap)),
                exposure.caveat(views.gap_row(rows)), relative.caveat(views.gap_row(rows), factor, labels),
                measurement.warning(scales, outcome, gap, program, labels))
        sentences.append(" ".join(s for s in said if s))
        st.markdown(f"**{relative.marks(rows, factor, labels)}** — {sentences[-1]}")
    overall = views.overall(estimates, specification, outcome, labels)
    overall = overall[~overall["gap_id"].isin(refused)]
    shown = views.overall_forest(overall, labels, frame.theme(), " ".join(sentences))
    frame.figure(shown, release, labels, key=f"overall_{program}_{outcome}",
                 caption=f"{labels.outcomes[outcome]['label']}: overall effects, program vs comparison districts")

st.header("About this study", anchor=False)
st.markdown("\n".join(f"- {caveat}" for caveat in labels.study["caveats"]) or "No caveats are declared.")
frame.footer(release, labels, ["public_estimates", "public_diagnostics", "public_refusals", "public_relative_effects",
                               "public_scales"])
