import pytest

from evaluation.stats.standards.attrition import Flow, assess_attrition
from evaluation.stats.standards.effect_size import Sample
from evaluation.stats.standards.equivalence import assess_clusters, assess_students, classify
from evaluation.stats.standards.handbook import NOT_VERIFIED, handbook


@pytest.mark.parametrize("version", ["4.0", "4.1", "5.0"])
def test_every_rule_says_its_source_or_that_it_was_not_verified(version):
    book = handbook(version)
    assert len({rule.id for rule in book.rules}) == len(book.rules)
    for rule in book.rules:
        assert rule.source
        assert rule.sentence
        assert rule.is_verified != (NOT_VERIFIED in rule.citation)
    assert version in book.rule("baseline_holds").citation
    assert ("cluster_correction" in {rule.id for rule in book.rules}) == (version != "4.0")


def test_an_unknown_version_is_refused():
    with pytest.raises(ValueError, match=r"choose one of 4\.0, 4\.1, 5\.0"):
        handbook("3.0")


def test_a_rule_without_a_number_has_no_limit(book):
    with pytest.raises(ValueError, match="has no number"):
        book.number("collected_alike")


def test_the_attrition_table_is_the_reference_case(education, book):
    case = education["attrition_table"]
    assert list(range(len(book.cautious))) == case["overall_pct"], case["source"]
    assert list(book.cautious) == case["cautious_pp"]
    assert list(book.optimistic) == case["optimistic_pp"]


def test_attrition_is_the_reference_case(education, book):
    for case in education["attrition_cases"]:
        flows = Flow(case["n_t"], case["analytic_t"]), Flow(case["n_c"], case["analytic_c"])
        for boundary in ("cautious", "optimistic"):
            found = assess_attrition(*flows, is_randomized=True, boundary=boundary, handbook=book)
            assert found.overall == pytest.approx(case["overall"], abs=1e-5)
            assert found.differential == pytest.approx(case["diff"], abs=1e-5)
            assert (found.level == "low") == case[f"low_{boundary}"]


def test_boundaries_are_read_on_a_straight_line_between_whole_percents(book):
    found = assess_attrition(Flow(1000, 855), Flow(1000, 855), is_randomized=True, boundary="cautious", handbook=book)
    assert found.overall == pytest.approx(0.145)
    assert found.limit == pytest.approx((0.060 + 0.059) / 2)
    on_it = assess_attrition(Flow(1000, 770), Flow(1000, 830), is_randomized=True, boundary="cautious", handbook=book)
    assert (on_it.level, on_it.limit) == ("high", pytest.approx(0.054))
    on_it = assess_attrition(Flow(1000, 773), Flow(1000, 827), is_randomized=True, boundary="cautious", handbook=book)
    assert on_it.level == "low"


def test_attrition_beyond_the_table_is_high(book):
    found = assess_attrition(Flow(100, 40), Flow(100, 40), is_randomized=True, boundary="optimistic", handbook=book)
    assert (found.level, found.limit) == ("high", None)


def test_attrition_says_nothing_of_a_design_that_was_not_randomized(book):
    found = assess_attrition(Flow(100, 99), Flow(100, 99), is_randomized=False, boundary="cautious", handbook=book)
    assert found.level == "not_applicable"
    assert "equivalence of the analytic sample is needed" in found.reason


@pytest.mark.parametrize("flow", [Flow(0, 0), Flow(10, 11)])
def test_impossible_flows_are_refused(book, flow):
    with pytest.raises(ValueError, match="at least one assigned unit"):
        assess_attrition(flow, Flow(10, 9), is_randomized=True, boundary="cautious", handbook=book)


def test_classes_of_baseline_differences_are_the_reference_case(education, book):
    case = education["classify"]
    assert [classify(es, handbook=book) for es in case["es"]] == case["cat"], case["source"]
    assert classify(0.1 + 0.15, handbook=book) == "satisfied_with_adjustment"


def test_equivalence_names_group_level_rule_and_number(book):
    found = assess_students("black", Sample(3.5, 1.0, 400), Sample(3.4, 1.0, 400), handbook=book)
    assert (found.group, found.level, found.category, found.rule) == (
        "black", "student", "satisfied_with_adjustment", "baseline_adjust")
    assert found.reason.startswith("|g| = 0.100 is above 0.05 and at most 0.25")


def test_clusters_are_compared_in_standard_deviations_of_students(book):
    found = assess_clusters("white", 62.0, 60.0, sd=10.0, handbook=book)
    assert (found.g, found.category, found.level) == (0.2, "satisfied_with_adjustment", "cluster")
    assert assess_clusters("white", 66.0, 60.0, sd=10.0, handbook=book).category == "not_satisfied"
    with pytest.raises(ValueError, match="standard deviation"):
        assess_clusters("white", 62.0, 60.0, sd=0.0, handbook=book)
