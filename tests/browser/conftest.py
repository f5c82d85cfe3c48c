"""A real site in a real browser: its own place, a real store, a real ASGI server."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from quanticity.runtime.ports import usable
from tests.conftest import a_store, missing

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Site:
    """Where it is, and how to do something to it from a process of its own."""

    url: str
    environment: dict[str, str]

    def run(self, *words: str) -> str:
        return subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site with people and trades of `world.py`, served by uvicorn from a store of its own."""
    with a_store(tmp_path_factory.mktemp("site-store")) as store_url:
        yield from _served(store_url, tmp_path_factory.mktemp("site"))


def _served(store_url: str, var: Path) -> Iterator[Site]:
    port = usable(None)
    environment = os.environ | {
        "QC_VAR": str(var), "QC_PORT": str(port), "QC_REDIS_URL": store_url,
        "QC_BROKER_URL": store_url.replace("unix://", "redis+socket://"), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    found = Site(f"http://127.0.0.1:{port}", environment)
    found.run("manage.py", "migrate", "--verbosity", "0")
    found.run("tests/browser/world.py", "begin")
    command = [sys.executable, "-m", "uvicorn", "quanticity.asgi:application", "--port", str(port), "--lifespan", "off", "--log-level", "warning"]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            _wait_for(f"{found.url}/healthz")
            yield found
        finally:
            process.terminate()


# Per module: while its driver lives, no other test could run an event loop of its own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Chromium of this machine."""
    if not CHROMIUM.exists():
        missing("browser", f"{CHROMIUM} is not there")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(site: Site, chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open a page as somebody; whatever the page complains of (but ...) fails the test."""
    complaints: list[str] = []
    known: set[str] = set()
    contexts = []

    def go(
        path: str, who: str = "", *, width: int = 1280, scheme: str = "dark", but: Any = ()
    ) -> Any:
        known.update(but)
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, base_url=site.url
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(f"{error} {error.stack}"))
        page.on("request", lambda sent: complaints.append(sent.url) if "//127.0.0.1:" not in sent.url and not sent.url.startswith("data:") else None)  # fmt: skip
        if who:
            page.goto("/account/login/")
            page.get_by_label("Username").fill(who)
            page.get_by_label("Password").fill("x-long-enough")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "login" not in url)
        page.goto(path)
        return page

    yield go
    for context in contexts:
        context.close()
    assert [said for said in complaints if not any(one in said for one in known)] == []


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            urlopen(url, timeout=1).close()
        except (URLError, OSError):
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.05)
        else:
            return
