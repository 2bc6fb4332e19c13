"""A real headless Chromium: open a link, filter, download; nothing leaves the machine."""

from __future__ import annotations

import csv
import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from evaluation import params, released

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def address(releases):
    """Serve the invented releases on a free port."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", str(port), "--server.address",
         "localhost"], cwd=ROOT, env={**os.environ, "EVALUATION_RELEASED": str(releases)}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://localhost:{port}/_stcore/health", server)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("in CI Chromium must be installed")
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


def test_a_visitor_opens_a_link_filters_and_downloads(browser, address, releases):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    asked = set()
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    page.goto(f"{address}/gaps_narrow?study=partnership&program=dile")
    page.get_by_role("heading", name="Did gaps narrow?").wait_for(timeout=60_000)
    page.get_by_text("the Black–White gap in chronic absence").first.wait_for()
    page.locator("[data-testid=stVegaLiteChart] svg").first.wait_for()

    page.get_by_role("combobox", name="Gap").click()
    page.get_by_role("option", name="Hispanic–White").click()
    page.get_by_text("the Hispanic–White gap in chronic absence").first.wait_for()
    page.wait_for_url("**gap=hispanic_white**")
    release = released.current("partnership", releases).release_id
    assert f"release={release}" in page.url

    with page.expect_download() as arriving:
        page.get_by_role("button", name="Download CSV").first.click()
    rows = list(csv.DictReader(io.StringIO(Path(arriving.value.path()).read_text(encoding="utf-8-sig"))))
    assert {row["gap_id"] for row in rows} == {"hispanic_white"}
    assert {row["banner"] for row in rows} == {params.study("partnership").banner}
    assert {row["release_id"] for row in rows} == {release}
    assert asked == {address.removeprefix("http://")}
    page.close()


def test_back_and_forward_bring_the_filters_back(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/gaps_narrow?study=partnership&program=dile")
    page.get_by_text("the Black–White gap in chronic absence").first.wait_for(timeout=60_000)
    page.wait_for_url("**gap=black_white**")
    assert page.title().startswith("Did gaps narrow?")
    page.get_by_role("combobox", name="Gap").click()
    page.get_by_role("option", name="Hispanic–White").click()
    page.get_by_text("the Hispanic–White gap in chronic absence").first.wait_for()
    page.wait_for_url("**gap=hispanic_white**")

    page.go_back()
    page.get_by_text("the Black–White gap in chronic absence").first.wait_for()
    page.wait_for_url("**gap=black_white**")
    page.go_forward()
    page.get_by_text("the Hispanic–White gap in chronic absence").first.wait_for()
    page.close()


@pytest.mark.parametrize("path", ["", "gaps_narrow", "how_sure", "gaps_over_time", "coverage"])
def test_a_phone_needs_no_sideways_scroll(browser, address, path):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{address}/{path}?study=partnership")
    page.locator("[data-testid=stVegaLiteChart] svg").first.wait_for(timeout=60_000)
    wide, seen = page.evaluate("(m => [m.scrollWidth, m.clientWidth])(document.querySelector('[data-testid=stMain]'))")
    assert wide <= seen
    page.close()


def _wait(url: str, server: subprocess.Popen) -> None:
    for _ in range(120):
        assert server.poll() is None, "the server stopped"
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail("the server did not answer within a minute")
