"""What operators do, walked in Chromium: foreseen, confirmed with the password, in the trail."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
Visit = Callable[..., Any]
# Alpine's own, of the admin's theme; a wrong password is answered with 400.
KNOWN = ("x-anchor", "/static/unfold/js/alpine/", "400 (Bad Request)")
SHOTS = Path(os.environ.get("QC_SHOTS", os.devnull))  # a folder: each page as it was seen


def shot(page: Any, name: str) -> None:
    """Keep what is on the screen, where somebody asked for it."""
    for folder in filter(Path.is_dir, [SHOTS]):
        page.screenshot(path=str(folder / f"{name}.png"))


def begin(page: Any, name: str, subject: str, reason: str) -> None:
    """Open an operation on something, say why."""
    page.goto(f"/admin/operate/{name}/?{urlencode({'subject': subject})}")
    page.get_by_label("Reason, for the audit trail").fill(reason)
    shot(page, f"{name} 1")
    page.locator("#plan + form button, form#wish button").first.click()


def confirm(page: Any, name: str, password: str) -> None:
    """Say once more who one is, on the page that says what will happen now."""
    page.get_by_text("This will happen now").wait_for()
    page.get_by_label("Your password, once more").fill(password)
    shot(page, f"{name} 2")
    page.locator("#plan + form button").first.click()


def done(page: Any, name: str, said: str) -> None:
    """What came of it, said on the page that one is brought back to."""
    page.get_by_text(said).first.wait_for()
    shot(page, f"{name} 3")


def test_an_operators_day_is_foreseen_confirmed_and_in_the_trail(visit: Visit, site: Site) -> None:
    things = json.loads(site.run("tests/browser/world.py", "trade"))
    page = visit("/dashboard/", "operator", but=KNOWN)
    page.set_default_timeout(15_000)
    shot(page, "dashboard")

    begin(page, "approve", things["waiting"], "the chart agrees")
    done(page, "approve", "Approved: 0DTE SPY")
    begin(page, "cancel", things["working"], "too far from the market")
    done(page, "cancel", "is on its way")
    begin(page, "close", things["held"], "news at noon")
    confirm(page, "close", "not mine")
    page.get_by_text("That is not your password.").wait_for()
    shot(page, "close wrong")
    confirm(page, "close", "x-long-enough")
    done(page, "close", "is being closed")
    begin(page, "halt", "global", "the feed looks wrong")
    confirm(page, "halt", "x-long-enough")
    done(page, "halt", "global is halted")
    begin(page, "resume", "global", "the feed is right")
    confirm(page, "resume", "x-long-enough")
    done(page, "resume", "global is ACTIVE")

    begin(page, "flatten", "all", "the day is over")
    confirm(page, "flatten", "x-long-enough")
    done(page, "flatten", "Trading is halted")

    page.goto("/admin/quanticity/auditentry/")
    shot(page, "trail")
    trail = page.locator("#result_list, main").first.text_content()
    reasons = (
        "the chart agrees", "too far from the market", "news at noon", "the feed looks wrong",
        "the feed is right", "the day is over",
    )  # fmt: skip
    assert [reason for reason in reasons if reason not in trail] == []
