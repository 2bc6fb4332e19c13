"""The report in a real headless Chromium: it fits, it is legible, and it asks for nothing."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evaluation import engine
from evaluation.contracts import TABLES
from evaluation.ingest.district import District
from evaluation.ingest.identity.k_anonymity import k_anonymity
from evaluation.ingest.identity.linking import movement
from evaluation.ingest.report.content import report_content
from evaluation.ingest.report.html import page
from evaluation.ingest.report.identity import identity_content

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]
CONTRAST = """() => {
  const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((a, v, i) => a + v * [.2126, .7152, .0722][i], 0)
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor
    if (!/, 0\\)$/.test(c)) return c } return 'rgb(255, 255, 255)' }
  return Math.min(...[...document.querySelectorAll('body *')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
    .map(e => [light(getComputedStyle(e).color), light(behind(e))])
    .map(([a, b]) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05)))
}"""

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("no Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def report(tmp_path: Path, take: Callable[..., District]) -> Path:
    found = take({"2024/survey.csv": b"", "2022/schools.csv": b"Bldg,Low,High,Days\n101,6,8,180\n", "2024/students.csv":
                  b"Student Number,RaceEth,IEP,Extra\n0000001,B,Y,1\n0000002,??,N,1\n0000003,H,N,1\n"})
    with engine.session() as session:
        tables = {name: session.frame(table) for name, table in found.tables.items() if name in TABLES}
        content = report_content(found.files, found.quarantine, tables, tolerance=0.02, accept_without=(), silent=(),
                                 definitions="study test", pseudonyms="test")
        linked = {"ia-9001": {"id_type": "local_id", "years_that_do_not_link": [2022]}}
        content |= identity_content(linked, movement(tables["enrollment"]), {
            "ia-9001": k_anonymity(tables["enrollment"], tables["student_year"])})
    target = tmp_path / "report.html"
    target.write_text(page(content))
    return target


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 930, 1280])
def test_it_fits_is_legible_and_loads_nothing(browser, report: Path, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened = context.new_page()
    asked = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(report.as_uri())
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.evaluate(CONTRAST) >= 4.5
    assert asked == [report.as_uri()]
    context.close()


def test_all_of_it_is_printed(browser, report: Path) -> None:
    opened = browser.new_page(viewport={"width": 740, "height": 1047})
    opened.emulate_media(media="print")
    opened.goto(report.as_uri())
    assert opened.evaluate("document.documentElement.scrollWidth") <= 740
    opened.eval_on_selector_all("details", "all => all.forEach(one => one.open = false)")
    assert opened.locator("td.refused").first.is_visible()
    opened.close()
