"""The page in a real browser, at the width of a phone and of a desktop; skipped where there is no Chromium."""

from __future__ import annotations

import json
import os
import shutil
from itertools import pairwise

import pytest

from radz.report.page import as_html
from radz.report.sections import sections
from report_fakes import everything

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars"
)
pytestmark = pytest.mark.skipif(not (BROWSER and DRIVER), reason="no chromium with chromedriver (apt: chromium-driver)")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    os.environ.update(SE_OFFLINE="true", SE_AVOID_STATS="true")  # the driver is given: nothing is to be looked for
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for option in (*OPTIONS.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(as_html(everything()), encoding="utf-8")
    return file


def opened(browser, page, width: int, scheme: str = "light"):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get_log("performance"), browser.get_log("browser")
    browser.get(page.as_uri())
    return browser


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen_and_nothing_is_fetched(browser, page, width):
    opened(browser, page, width)
    assert browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["width"] == width
    wide = browser.execute_script(
        "return [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)"
        ".map(e => e.querySelector('caption').textContent)"
    )
    assert wide == [], "a table has to be scrolled sideways"
    asked = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requests = [m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"]
    assert {url for url in requests if not url.startswith("data:")} == {page.as_uri()}
    assert browser.get_log("browser") == []


CONTRAST = """
const luminance = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
  .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2] };
const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
  if (!c.endsWith(', 0)')) return c } };
const texts = [...document.querySelectorAll(
  'p, a, dt, dd, .detail, th, td, li, caption, figcaption, h1, h2, h3, svg text')];
return texts.map(e => { const s = getComputedStyle(e);
  const a = luminance(e.tagName == 'text' ? s.fill : s.color), b = luminance(ground(e));
  const px = parseFloat(s.fontSize) * (e.tagName == 'text' ? Math.hypot(e.getScreenCTM().a, e.getScreenCTM().b) : 1);
  return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), px, e.textContent.slice(0, 40)] });
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_are_legible_on_a_phone(browser, page, scheme):
    letters = opened(browser, page, 390, scheme).execute_script(CONTRAST)
    assert len(letters) > 100
    assert [t for t in letters if t[0] < 4.5] == [], "contrast below WCAG AA"
    assert [t for t in letters if t[1] < 9.5] == [], "letters below 9.5 pixels"


def test_the_page_can_be_read_in_order(browser, page):
    headings = opened(browser, page, 1280).execute_script(
        "return [...document.querySelectorAll('h1, h2, h3')].map(e => +e.tagName[1])"
    )
    assert headings[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))
    assert headings.count(2) == len(sections(everything()))
