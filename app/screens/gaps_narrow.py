import streamlit as st

from app import alternatives, choices, effect_text, exposure, frame, measurement, relative, state, text, views
from app.labels import PHASES, Labels
from app.topic import Topic

release = st.session_state["release"]
labels = Labels(release.labels)
frame.heading("Did gaps narrow?", "Did the program change the gap, and through which group?", labels)

estimates, diagnostics = frame.table(release, "public_estimates"), frame.table(release, "public_diagnostics")
refusals, scales = frame.table(release, "public_refusals"), frame.table(release, "public_scales")
factors = frame.table(release, "public_relative_effects")
tables = ("public_estimates", "public_diagnostics", "public_refusals", "public_relative_effects", "public_scales")
with st.sidebar:
    program = state.choose("program", "Program", {p: str(e["label"]) for p, e in labels.programs.items()})
    outcome = state.choose("outcome", "Outcome", choices.estimated_outcomes(labels, program))
    gap = state.choose("gap", "Gap", choices.estimated_gaps(labels, program, outcome))
    phase = state.choose("phase", "Phase", {"all": "All phases"} | {p: PHASES[p] for p in labels.phases(program)})
    cohort = state.choose("cohort", "Cohort", choices.cohort_choices(labels, program, phase))
chosen = choices.choice(phase, cohort)
specification = choices.specification_for(labels, program, outcome, gap)

refused = measurement.refusal(scales, outcome, gap, program, labels)
if refused:
    st.markdown(f"**– not shown** — {refused} The page “How sure are we?” has the checks of the scale.")
    frame.footer(release, labels, tables)
    state.finish()
    st.stop()

rows = views.estimand(estimates, specification, outcome, gap, chosen.kind, phase=chosen.phase, cohort=chosen.cohort)
overall_detectable = choices.detectable(diagnostics, specification, outcome, gap) if chosen.kind == "overall" else None
factor = relative.of_estimand(factors, Topic(specification, outcome, gap, labels), chosen.kind, phase=chosen.phase,
                              cohort=chosen.cohort)
said = (effect_text.effect(rows, labels, overall_detectable, choices.refusal(refusals, specification, outcome, gap)),
        exposure.caveat(views.gap_row(rows)), relative.caveat(views.gap_row(rows), factor, labels),
        measurement.warning(scales, outcome, gap, program, labels))
st.markdown(f"**{relative.marks(rows, factor, labels)}** — {' '.join(s for s in said if s)}")
st.caption(f"Specification: {labels.specifications[specification]['label']}{effect_text.standing(rows)}. "
           f"{labels.outcomes[outcome]['label']}: {labels.outcomes[outcome]['definition']}")

st.header("Which group moved?", anchor=False)
st.markdown("Hollow: before the start. Filled: after. Thin bar 95 %, thick bar 80 % interval, each for one year by "
            "itself. The column 95 % band of the table, where there is one, is for several years at once.")
years = views.by_year(estimates, specification, outcome, gap, labels, cohort=chosen.cohort)
st.markdown(f"{chosen.note(years)} {effect_text.base(labels, specification, program, chosen.cohort)} "
            f"{exposure.by_year(years)}")
parts = views.event_study(years, ("focal", "reference"), labels, frame.theme())
frame.figure(parts, release, labels, key="parts_by_year", caption="Change of each group by years since the start")
st.caption(text.hidden(parts.rows).capitalize() + ".")

st.header("The gap, year by year", anchor=False)
shaded = effect_text.band(years[years["part"] == "gap"])
if shaded:
    st.markdown(shaded)
study = views.event_study(years, ("gap",), labels, frame.theme())
frame.figure(study, release, labels, key="gap_by_year", caption="Change of the gap by years since the start")
diagnosed = choices.diagnosis(diagnostics, specification, outcome, gap)
st.caption(text.hidden(study.rows).capitalize() + ".")
together = "" if chosen.kind == "overall" else "For all cohorts together: "
st.markdown(f"{together}{effect_text.pre_trend(diagnosed, labels)} {effect_text.leave_one_out(diagnosed)}")

st.header("By phase and cohort", anchor=False)
by, names = views.forest_rows(estimates, specification, outcome, gap, labels)
forest = views.forest(by, names, labels, frame.theme(), alternatives.by_scope(by, names, labels))
frame.figure(forest, release, labels, key="by_phase_and_cohort",
             caption="Effects by phase and start year; program vs comparison districts")
st.caption(text.hidden(by).capitalize() + ".")

st.header("Would other choices change it?", anchor=False)
frame.plain(views.specifications(estimates, program, outcome, gap, labels), "Overall effect under every specification")
st.markdown(views.specification_note(labels, program))
frame.footer(release, labels, tables)
