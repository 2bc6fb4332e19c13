import streamlit as st

from app import choices, effect_text, exposure, frame, measurement, relative, state, views
from app.labels import Labels
from app.sure import bounds, checks, curve, models, plan, standards, trends
from app.topic import Topic

TABLES = ("public_estimates", "public_plan", "public_adjusted_p_values", "public_specification_curve",
          "public_diagnostics", "public_sensitivity", "public_breakdowns", "public_placebos", "public_composition",
          "public_definition_switches", "public_two_way_reference", "public_multilevel_checks",
          "public_student_panel_checks", "public_suppression_bounds", "public_scales", "public_standards",
          "public_relative_effects", "public_refusals")

release = st.session_state["release"]
labels = Labels(release.labels)
frame.heading("How sure are we?", "Would other reasonable choices change it?", labels)

found = {name.removeprefix("public_"): frame.table(release, name) for name in TABLES}
with st.sidebar:
    program = state.choose("program", "Program", {p: str(e["label"]) for p, e in labels.programs.items()})
    outcome = state.choose("outcome", "Outcome", choices.estimated_outcomes(labels, program))
    gap = state.choose("gap", "Gap", choices.estimated_gaps(labels, program, outcome))
topic = Topic(choices.specification_for(labels, program, outcome, gap), outcome, gap, labels)
overall = views.estimand(found["estimates"], topic.specification, outcome, gap)
effect = topic.row(overall, "gap")
refused = measurement.refusal(found["scales"], outcome, gap, program, labels)
factor = relative.of_estimand(found["relative_effects"], topic)

refusal = choices.refusal(found["refusals"], topic.specification, outcome, gap)

if refused:
    st.error(refused)
else:
    st.markdown(f"{effect_text.effect(overall, labels, refusal=refusal)} {exposure.caveat(effect)} "
                f"{relative.caveat(effect, factor, labels)}")
st.caption(f"Specification: {labels.specifications[topic.specification]['label']}. Effects are those of the overall "
           f"estimate, all cohorts together. {trends.coverage(effect)}")


def show(sentence: str, figure: views.Figure | None, key: str, caption: str) -> None:
    """Place a sentence and its figure; without rows the sentence alone says why."""
    st.markdown(sentence)
    if figure is not None and not figure.rows.empty:
        frame.figure(figure, release, labels, key=f"sure_{key}", caption=caption)


st.header("Was it planned?", anchor=False)
standing = plan.standing(None if effect is None else str(effect["standing"]), found["plan"])
st.markdown(standing)
if set(found["plan"]["change"]) != {"no_lock"}:
    frame.plain(plan.changes(found["plan"]), "The plan: locks, amendments and every difference from the run")
frame.download(found["plan"], release, labels, key="sure_plan")
own = topic.row(found["adjusted_p_values"])
members = found["adjusted_p_values"][found["adjusted_p_values"]["family"] == (own or {}).get("family")]
if refused:
    st.markdown("Nothing is decided on a gap that may not be shown, whatever its p-value.")
else:
    said = plan.decision(own, topic, int(members["p_value"].notna().sum()))
    may_be_shown = [measurement.refusal(found["scales"], o, g, program, labels) is None
                    for o, g in zip(members["outcome_id"], members["gap_id"], strict=True)]
    show(said, None if own is None else plan.family(members[may_be_shown], labels, frame.theme(), said), "p_values",
         "P-values of the family of results that are judged together")

if not refused:
    st.header("Would other choices change it?", anchor=False)
    rows = topic.of(found["specification_curve"])
    said = curve.sentence(rows, topic)
    show(said, curve.figure(rows, topic, frame.theme(), said) if len(rows) else None, "curve",
         "Overall effect on the gap under every combination of choices")

    st.header("Did the gap move alike before the start?", anchor=False)
    said = trends.sentence(found["diagnostics"], topic)
    show(said, trends.study(found["estimates"], topic, frame.theme(), said), "before",
         "Change by years before the start")
    tests = trends.table(found["diagnostics"], topic)
    if len(tests):
        frame.plain(tests, f"Joint tests before the start, and drifts they would have found ({topic.unit} a year)")
        frame.download(topic.of(found["diagnostics"]), release, labels, key="sure_tests")

    st.header("How far may trends differ?", anchor=False)
    said = bounds.sentence(topic.of(found["breakdowns"], "gap"), topic)
    st.markdown(said)
    rows = topic.of(found["sensitivity"], "gap")
    for restriction in bounds.restrictions(rows):
        drawn = bounds.figure(rows, restriction, topic, frame.theme(), said)
        frame.figure(drawn, release, labels, key=f"sure_{restriction}",
                     caption=f"{bounds.RESTRICTIONS[restriction][0]}: interval by size of the departure")

    st.header("What could have been found?", anchor=False)
    said = trends.detectable(found["diagnostics"], overall, topic)
    show(said, trends.detectable_figure(found["diagnostics"], overall, topic, frame.theme(), said), "detectable",
         "Overall effects, and the smallest that would have been found with 80 % power")

    st.header("Further checks", anchor=False)
    st.subheader("Placebos", anchor=False)
    rows = topic.of(found["placebos"], "gap")
    in_time = rows[rows["placebo"].isin(["time", "outcome"])]
    said = checks.placebos(in_time, topic)
    own_rows = overall[overall["part"] == "gap"]
    show(said, checks.forest(in_time, own_rows, topic, frame.theme(), said, title="Placebos: change of the gap"),
         "placebos", "Effects where there should be none")
    st.subheader("Regression to the mean", anchor=False)
    to_mean = rows[~rows["placebo"].isin(["time", "outcome"])]
    said = checks.regression_to_mean(to_mean, topic)
    show(said, checks.forest(to_mean, own_rows, topic, frame.theme(), said, title="Large gaps: change of the gap"),
         "to_mean", "Effects among places with gaps as large")
    st.subheader("Other definitions", anchor=False)
    rows = topic.of(found["definition_switches"], "gap")
    said = checks.definitions(rows, effect, topic)
    show(said, checks.forest(rows, own_rows, topic, frame.theme(), said, title="Definitions: change of the gap"),
         "definitions", "The overall effect under other definitions of the outcome")
    for model in models.MODELS:
        st.subheader(model.heading, anchor=False)
        row, rows = topic.row(found[model.table]), topic.of(found[model.table])
        said = model.sentence(row, effect, topic)
        show(said, model.forest(rows, own_rows, topic, frame.theme(), said), model.key, model.figure_caption)
        if len(details := model.detail(row, topic)):
            frame.plain(details, model.detail_caption)
    for name, table_name, said, made in (
            ("Who is counted", "composition", checks.composition(topic.of(found["composition"]), topic),
             checks.composition_table(topic.of(found["composition"]), topic)),
            ("Hidden values", "suppression_bounds",
             checks.hidden_cells(topic.row(found["suppression_bounds"], "gap"), topic),
             checks.hidden_table(topic.of(found["suppression_bounds"]), topic)),
            ("Single districts", "diagnostics", checks.left_out(topic.row(found["diagnostics"], "gap")),
             checks.left_out_table(found["diagnostics"], topic))):
        st.subheader(name, anchor=False)
        st.markdown(said)
        if len(made):
            frame.plain(made, name)
            frame.download(topic.of(found[table_name]), release, labels, key=f"sure_{table_name}")

st.header("Does the scale measure the same?", anchor=False)
said = measurement.sentence(found["scales"], topic)
scaled = measurement.figure(found["scales"], topic, frame.theme(), said)
show(said, scaled, "scales", "Reliability and measurement invariance by year")

if not refused:
    st.header("What would the standards say?", anchor=False)
    rated = topic.row(found["standards"])
    said = standards.sentence(rated, topic)
    show(said, standards.figure(rated, topic.of(found["standards"]), topic, frame.theme(), said)
         if rated is not None and standards.has_sizes(rated) else None, "standards",
         "Effect sizes and differences before the program")
    if rated is not None and rated["suppression"] == "none":
        frame.plain(standards.reasons(rated), "What stands against a higher rating, in order")

    st.header("As a difference and as a ratio", anchor=False)
    said = relative.sentence(effect, factor, topic)
    is_score = labels.outcomes[outcome]["kind"] == "score"
    ratios = None if is_score else relative.figure(found["relative_effects"], found["estimates"], topic, frame.theme(),
                                                   said)
    show(said, ratios, "relative", "Effect on the ratio of the two groups, beside the difference")
frame.footer(release, labels, TABLES)
