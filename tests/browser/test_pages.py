"""Every page in Chromium: no error, no foreign request, nothing wider than the screen."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
Visit = Callable[..., Any]
PAGES = [
    pytest.param("/", "", id="home"),
    pytest.param("/pricing/", "", id="pricing"),
    pytest.param("/track-record/", "", id="track record"),
    pytest.param("/legal/disclaimer/", "", id="disclaimer"),
    pytest.param("/account/signup/", "", id="sign up"),
    pytest.param("/feed/", "free", id="feed"),
    pytest.param("/account/", "basic", id="account"),
    pytest.param("/account/password/", "basic", id="password"),
    pytest.param("/track-record/receipts/", "", id="receipts"),
    pytest.param("/dashboard/published/", "operator", id="published"),
    pytest.param("/dashboard/", "operator", id="dashboard"),
    pytest.param("/dashboard/symbol/SPY/", "operator", id="symbol"),
    pytest.param("/api/docs/", "operator", id="api docs"),
    pytest.param("/admin/execution/position/", "operator", id="admin list"),
    pytest.param("/admin/operate/flatten/", "operator", id="operation"),
    pytest.param("/admin/execution/breakertrip/", "operator", id="breakers"),
    pytest.param("/admin/quanticity/configoverride/add/", "operator", id="admin form"),
]
_numbers = itertools.count(2)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light")])
@pytest.mark.parametrize(("path", "who"), PAGES)
def test_a_page_fits_and_asks_nobody_else(
    visit: Visit, path: str, who: str, width: int, scheme: str
) -> None:
    page = visit(path, who, width=width, scheme=scheme)
    page.wait_for_load_state("networkidle")

    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_a_member_on_the_operators_page_is_told_so(visit: Visit) -> None:
    page = visit("/feed/", "basic")
    answer = page.request.get("/dashboard/")

    assert answer.status == 403
    assert "Not yours to see" in answer.text()


def test_the_dashboard_is_live(visit: Visit) -> None:
    page = visit("/dashboard/", "operator")
    page.get_by_role("status").get_by_text("live").wait_for()
    shown = page.locator("[data-text=time]").text_content()

    page.wait_for_function(
        "before => document.querySelector('[data-text=time]').textContent !== before", arg=shown
    )


def test_a_released_trade_arrives_without_reloading(visit: Visit, site: Site) -> None:
    page = visit("/feed/", "premium")
    page.get_by_role("status").get_by_text("live").wait_for()
    number = next(_numbers)
    site.run("tests/browser/world.py", "release", str(number))

    page.get_by_text(f"#T-20251121-{number:03}-1").wait_for()
    assert page.locator("li.item").first.get_by_text("SIM").is_visible()


def test_the_feed_is_read_by_headings_and_lists(visit: Visit) -> None:
    page = visit("/feed/", "premium")
    tree = page.get_by_role("main").aria_snapshot()

    assert 'heading "Feed" [level=1]' in tree
    assert 'list "Released trades, newest first"' in tree


def test_one_signs_in_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit("/account/login/")
    # The page takes the keyboard once it is drawn; a cold browser needs a moment for that.
    page.locator("input[name=username]:focus").wait_for()
    page.keyboard.type("free")
    page.keyboard.press("Tab")
    page.keyboard.type("x-long-enough")
    page.keyboard.press("Enter")

    page.get_by_role("heading", name="Feed").wait_for()


def test_a_lost_connection_is_said_and_mended(visit: Visit) -> None:
    page = visit("/dashboard/", "operator")
    page.get_by_role("status").get_by_text("live").wait_for()
    page.context.set_offline(True)

    page.get_by_role("status").get_by_text("stale").wait_for()
    page.context.set_offline(False)
    page.get_by_role("status").get_by_text("live").wait_for()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_text_is_readable(visit: Visit, scheme: str) -> None:
    page = visit("/pricing/", scheme=scheme)
    contrast = page.evaluate(CONTRAST)

    assert contrast >= 4.5


# Contrast of the dimmest text on the page's background (WCAG 2.2).
CONTRAST = """() => {
  const light = (css) => {
    const [r, g, b] = css.match(/[\\d.]+/g).slice(0, 3).map((c) => {
      const v = c / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [getComputedStyle(document.querySelector('.dim')).color, getComputedStyle(document.body).backgroundColor]
    .map(light).sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""
