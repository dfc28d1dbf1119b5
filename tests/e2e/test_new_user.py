"""A new user's path in a real browser: `annotate serve`, ten accounts by keyboard, status and
agreement; screenshots are kept.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

from curation.store.store import Store

pytestmark = [pytest.mark.labelstudio, pytest.mark.chromium]
CHROMIUM = os.environ.get("BOTBENCH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
WIDE, LAPTOP, PHONE = (
    {"width": 1440, "height": 900},
    {"width": 1280, "height": 720},
    {"width": 390, "height": 844},
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture
def browser(chromium):
    return chromium


@pytest.fixture
def pictures(tmp_path):
    folder = Path(os.environ.get("BOTBENCH_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def answered(label_studio, project):
    page = {"project": project, "fields": "all", "include": "id,annotations", "page_size": 100}
    return sum(
        bool(t["annotations"]) for t in label_studio.call("GET", "tasks", params=page)["tasks"]
    )


def test_ten_accounts_by_keyboard_and_what_the_status_says(
    browser, label_studio, cli, pictures, tmp_path
):
    told = label_studio.told
    [person] = told["people"]
    assert told["simulated"] and person["url"] == label_studio.url
    [project] = person["project_ids"]
    page = browser.new_page(viewport=WIDE)
    page.set_default_timeout(180_000)
    page.goto(f"{person['url']}/user/login")
    page.fill("input[name=email]", person["user"])
    page.fill("input[name=password]", person["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url)
    page.goto(f"{person['url']}/projects/{project}/data?labeling=1")
    page.wait_for_selector(".ac")
    before = answered(label_studio, project)
    for number in range(10):
        page.wait_for_selector(".ac")
        if number == 5:
            page.set_viewport_size(LAPTOP)
        for key in ("1", "r", "8") if number % 3 == 0 else ("2", "8"):
            page.keyboard.press(key)
        if number in (4, 5):
            page.wait_for_selector("text=Annotation saved successfully", state="hidden")
            page.screenshot(path=pictures / f"labelling-{page.viewport_size['width']}.png")
        shown = page.locator(".ac").first.inner_text()
        page.keyboard.press("Control+Enter")
        page.wait_for_function(
            "old => { const c = document.querySelector('.ac'); return c && c.innerText !== old }",
            arg=shown,
        )
    assert answered(label_studio, project) == before + 10

    file = tmp_path / "status.html"
    found = json.loads(
        cli(
            "annotate", "status", "--json", "--html", file, BOTBENCH_STORE=str(label_studio.home)
        ).stdout
    )
    [who] = [p for p in found["annotators"].values() if p["done"]]
    assert (who["assigned"], who["done"]) == (30, before + 10) and who["median_seconds"] > 0
    assert found["simulated"] == [
        "simulated-a"
    ] and "</b> The accounts of simulated-a" in file.read_text("utf-8")
    # -- beside a simulated annotator, who is called so: as many accounts agree as this count says
    with Store(label_studio.home) as store:
        [(pairs, same)] = store.connection.execute(
            """
            SELECT count(*), count(*) FILTER (theirs.answer = mine.answer)
            FROM lake.main.claims mine JOIN lake.main.claims theirs USING (batch_id, account_id)
            WHERE mine.claimant LIKE 'annotator-%' AND theirs.claimant = 'simulated-1'"""
        ).fetchall()
    agreement = found["agreement"]
    assert agreement["pairs"] == pairs == before + 10 and agreement["percent"] == pytest.approx(
        100 * same / pairs
    )
    # Ten accounts have under ten of the rarer answer: alpha stands without an interval.
    assert agreement["low"] is agreement["high"] is None
    assert agreement["alpha"] < 1 and 0 < same < pairs
    assert found["simulated_annotators"] == ["simulated-1"]
    assert "The answers of simulated-1 are simulated" in file.read_text("utf-8")
    for name, size in (("wide", WIDE), ("phone", PHONE)):
        sheet = browser.new_page(viewport=size)
        requests = []
        sheet.on("request", lambda request, seen=requests: seen.append(request.url))
        sheet.goto(file.as_uri())
        sheet.screenshot(path=pictures / f"status-{name}.png", full_page=True)
        assert requests == [file.as_uri()] and "10 of 30" in sheet.inner_text("main").replace(
            f"{before + 10} of", "10 of"
        )
        assert sheet.evaluate("document.documentElement.scrollWidth") <= size["width"]
