"""Under CI nothing is skipped but Spark: what is missing there is missing from .ci/run."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if is_forbidden(report, item):
        report.outcome, report.longrepr = "failed", told(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
        collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if is_forbidden(report, collector):
        report.outcome, report.longrepr = "failed", told(report)
    return report


def is_forbidden(report: pytest.TestReport | pytest.CollectReport, node: pytest.Item | pytest.Collector) -> bool:
    return bool(os.environ.get("CI")) and report.skipped and not hasattr(report, "wasxfail") and (
        "spark" not in node.path.name)


def told(report: pytest.TestReport | pytest.CollectReport) -> str:
    return f"skipped, which CI does not allow: {report.longrepr}"
