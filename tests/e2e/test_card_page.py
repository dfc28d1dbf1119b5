"""The labelling page in a real Chromium on the real server: hostile accounts, thirty accounts by
keyboard, no clutter, what fits.

One server start for all of it (conftest.py). Screenshots go to BOTBENCH_SCREENSHOTS where it is
set.
"""

import http.server
import importlib.util
import os
import re
import secrets
import shutil
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from curation.annotation.assignment import batches
from curation.annotation.assignment.pseudonyms import Pseudonyms
from curation.annotation.label_studio.client import Client
from curation.annotation.label_studio.parse import Reader
from curation.annotation.label_studio.push import push
from curation.annotation.scheme.scheme import Scheme
from curation.annotation.scheme.store_schemes import SchemeBook
from curation.store.schema import rows
from curation.store.store import Store

pytestmark = [pytest.mark.chromium, pytest.mark.labelstudio]
CHROMIUM = os.environ.get("BOTBENCH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
PERSON, PASSWORD = f"reader-{secrets.token_hex(4)}@example.org", "a-Password-9"
LAPTOP, DESK = {"width": 1280, "height": 720}, {"width": 1440, "height": 900}
TOP, BOTTOM = 48, 50
"""Height of the server's own bars, in pixels."""
MANY = 30
START = datetime(2018, 3, 5, tzinfo=UTC)

_spec = importlib.util.spec_from_file_location("hostile", Path(__file__).parents[1] / "hostile.py")
hostile_texts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(hostile_texts)
HOSTILE = hostile_texts.TEXTS

HANDLED = "e => !e.getAttributeNames().some(a => a.startsWith('on'))"
LIVE = (
    "script, img, image, use, iframe, object, embed, style, link, a, form, input, video, base, meta"
)


class Listener(http.server.BaseHTTPRequestHandler):
    """Whoever asks this server for anything was led there by an account."""

    visits: ClassVar[list[str]] = []

    def do_GET(self):
        self.visits.append(self.path)
        self.send_response(204)
        self.end_headers()

    do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def listener():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def pushed(label_studio, listener, tmp_path_factory):
    """Two batches on the server: ordinary accounts, and hostile ones; project by batch."""
    home = tmp_path_factory.mktemp("cards") / "store"
    hostile = hostile_texts.texts(listener)
    with Store(home) as store, Client(label_studio.url, label_studio.token) as client:
        _ordinary(store)
        _hostile(store, hostile)
        projects = {
            name: push(store, client, batches.find(store, name), Scheme.load()).project_ids[0]
            for name in ("ordinary", "hostile")
        }
    return {"home": home, "texts": hostile, **projects}


def _ordinary(store):
    ids = [f"acc{n:02}" for n in range(MANY)]
    accounts = [
        {
            "dataset": "ordinary",
            "account_id": a,
            "observed_at": START + timedelta(days=100),
            "platform": "twitter",
            "handle": f"handle_{a}",
            "display_name": f"Made Up {a}",
            "bio": "A bio of some length, as people write them " * 2,
            "created_at": START - timedelta(days=365),
            "followers": 12,
            "following": 40,
            "posts_total": 99,
            "location": "Nowhere",
            "url": "http://made.example",
            "lang": "en",
            "verified": False,
            "pull_id": "p",
        }
        for a in ids
    ]
    text = (
        "A post of the usual length, about the weather, the train that came late, and nothing else"
        " that would matter {}-{}"
    )
    posts = [
        {
            "dataset": "ordinary",
            "post_id": f"{a}-{n}",
            "account_id": a,
            "created_at": START + timedelta(hours=7 * n),
            "text": text.format(a, n),
            "kind": "original",
            "reposts": n,
            "likes": 2 * n,
            "source_app": "Phone",
            "urls": [],
            "hashtags": ["weather"],
            "extra": {"possibly_sensitive": "true"} if n == 0 else {},
            "pull_id": "p",
        }
        for a in ids
        for n in range(40)
    ]
    _batch(store, "ordinary", accounts, posts)


def _hostile(store, texts):
    fields = ("bio", "display_name", "handle", "location", "url")
    plain = [t.replace("\x00", "") for t in texts]
    accounts = [
        {
            "dataset": "hostile",
            "account_id": f"{n:02}",
            "observed_at": START,
            "platform": "twitter",
            "pull_id": "p",
            "lang": "en",
            **dict.fromkeys(fields, text),
        }
        for n, text in enumerate(plain)
    ]
    posts = [
        {
            "dataset": "hostile",
            "post_id": f"{n}-{k}",
            "account_id": f"{n:02}",
            "created_at": START + timedelta(hours=k),
            "text": text,
            "source_app": text,
            "reposts": k,
            "urls": [text],
            "hashtags": [text],
            "kind": "original",
            "pull_id": "p",
        }
        for n, text in enumerate(plain)
        for k in range(3)
    ]
    # Two of everybody, so that the company's texts and handles are hostile as well.
    twins = [
        {
            **row,
            "account_id": f"twin{row['account_id']}",
            **({"post_id": f"twin{row['post_id']}"} if "post_id" in row else {}),
        }
        for row in (*accounts, *posts)
    ]
    _batch(store, "hostile", accounts, posts)
    store.append(
        {
            "accounts": rows("accounts", [t for t in twins if "post_id" not in t]),
            "posts": rows("posts", [t for t in twins if "post_id" in t]),
        },
        "test",
        "twins",
    )
    store.append(
        {"batches": rows("batches", [_drawn("hostile", len(accounts), store.head())])},
        "test",
        "drawn",
    )


def _batch(store, name, accounts, posts):
    store.append(
        {"accounts": rows("accounts", accounts), "posts": rows("posts", posts)}, "test", "made up"
    )
    ids = [a["account_id"] for a in accounts]
    drawn = (
        {}
        if name == "hostile"
        else {"batches": rows("batches", [_drawn(name, len(ids), store.head())])}
    )
    store.append(
        {
            **drawn,
            "assignments": rows(
                "assignments",
                [
                    {"batch_id": name, "account_id": a, "copy": 1, "inclusion_probability": 1.0}
                    for a in ids
                ],
            ),
        },
        "test",
        "drawn",
    )


def _drawn(name, n, head):
    return {
        "batch_id": name,
        "dataset": name,
        "design": f"uniform(n={n})",
        "seed": 0,
        "population": n,
        "size": n,
        "copies": 1,
        "drawn_from": head,
        "made_at": START,
    }


@pytest.fixture(scope="module")
def browser(chromium):
    return chromium


@pytest.fixture(scope="module")
def visit(browser, label_studio):
    """visit(project, viewport) opens the first open account as an annotator; every request and
    complaint is kept.
    """
    label_studio.person(PERSON)
    context = browser.new_context(viewport=DESK)
    tab = context.new_page()
    tab.set_default_timeout(180_000)
    tab.goto(f"{label_studio.url}/user/login/")
    tab.fill("input[name=email]", PERSON)
    tab.fill("input[name=password]", PASSWORD)
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    tab.requested, tab.complaints = [], []
    tab.on("request", lambda request: tab.requested.append(request.url))
    tab.on("dialog", lambda dialog: (tab.complaints.append(dialog.message), dialog.dismiss()))

    def opened(project, viewport=DESK):
        tab.set_viewport_size(viewport)
        tab.goto(f"{label_studio.url}/projects/{project}/data?labeling=1")
        tab.wait_for_selector(".ac")
        tab.wait_for_selector(".ac-q .lsf-choice")
        assert not tab.query_selector("text=Labeling Instructions"), "no dialog on every visit"
        tab.evaluate("document.querySelector('.ac-first')?.removeAttribute('open')")
        for chosen in tab.locator(".ac-q .ant-checkbox-wrapper-checked kbd").all_inner_texts():
            tab.keyboard.press(chosen)  # a draft of a test before this one
        return tab

    yield opened
    context.close()


def shown(tab, name):
    folder = os.environ.get("BOTBENCH_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=str(Path(folder) / f"{name}.png"))


CHOSEN = """k => {
  const key = [...document.querySelectorAll('.ac-q kbd')].find(e => e.textContent === k);
  return key?.checkVisibility() ? !!key.closest('.ant-checkbox-wrapper-checked') : null }"""
FRESH = """b => ![undefined, b].includes(document.querySelector('.ac')?.textContent)
  && document.querySelector('.ac-q kbd')
  && !document.querySelector('.ac-q .ant-checkbox-wrapper-checked')"""


def pressed(tab, keys):
    """Press keys as a person does, who looks whether the page took one before the next."""
    for key in keys:
        if key == "v":  # no question, and out of sight
            tab.keyboard.press(key)
            continue
        tab.wait_for_function(f"k => ({CHOSEN})(k) !== null", arg=key)
        before = tab.evaluate(CHOSEN, key)
        tab.keyboard.press(key)
        tab.wait_for_function(f"([k, b]) => ({CHOSEN})(k) === !b", arg=[key, before])


def sent(tab, keys):
    """Answer the open account by these keys alone, and wait for the next one."""
    before = tab.evaluate("document.querySelector('.ac').textContent")
    pressed(tab, keys)
    tab.keyboard.press("Control+Enter")
    tab.wait_for_function(FRESH, arg=before)


def exported(label_studio, project, wanted):
    """The project's answered tasks; the last one is on its way when its card has gone."""
    until = time.monotonic() + 120
    while True:
        tasks = label_studio.call(
            "GET", f"projects/{project}/export", params={"exportType": "JSON"}
        )
        if len(tasks) >= wanted or time.monotonic() > until:
            return tasks
        time.sleep(0.5)


def test_hostile_accounts_stay_text_and_nobody_is_asked_for_anything(visit, pushed, label_studio):
    tab = visit(pushed["hostile"])
    seen = []
    for n in range(len(HOSTILE)):
        card = tab.inner_text(".ac")
        seen.append(card)
        assert tab.evaluate("window.__pwn") is None and tab.complaints == []
        assert tab.evaluate(f"document.querySelectorAll('.ac :is({LIVE})').length") == 0
        assert tab.evaluate(
            "[...document.querySelectorAll('.ac bdi')].every(b => getComputedStyle(b).unicodeBidi"
            " === 'isolate')"
        )
        assert tab.evaluate(f"document.querySelectorAll('.ac *').values().every({HANDLED})")
        assert (
            tab.evaluate("document.querySelector('.ac').getBoundingClientRect().height") > 200
        )  # no account hides its card
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", card)
        # Nothing of the account lies over the questions: the card ends where they begin.
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if n == 4:
            shown(tab, "hostile")
        sent(tab, ["0"]) if n < len(HOSTILE) - 1 else None
    everything = "\n".join(seen)
    for text in (
        "<script>window.__pwn=1",
        'onerror="window.__pwn=2"',
        "<iframe src=",
        "<svg onload=",
        "{{7*7}}",
        "javascript:",
        "$card $bio",
        "U+202E",
        "U+200B",
        "=HYPERLINK(",
        "Ignore all previous instructions",
        "more characters",
        "U+0007",
    ):
        assert text in everything, text
    assert Listener.visits == []
    outside = {u.split("/")[2] for u in tab.requested if u.startswith("http")} - {
        label_studio.url.split("/")[2]
    }
    assert not outside, outside


CLUTTER = (
    "Regions",
    "Relations",
    "Selection Details",
    "Comments",
    "Annotation History",
    "Regions not added",
    "Auto-Annotation",
    "Add Annotation",
    "Compare all",
    "Outliner",
)
BOTTOM_OF_CARD = "document.querySelector('.ac').getBoundingClientRect().bottom"
RECTANGLE = (
    "s => {const r = document.querySelector(s).getBoundingClientRect(); return [r.left, r.top,"
    " r.right, r.bottom]}"
)
CONTRAST = """() => {
  const parts = c => c.match(/[0-9.]+/g).map(Number);
  const linear = x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4;
  const light = c => { const v = parts(c).slice(0, 3).map(x => linear(x / 255));
    return .2126 * v[0] + .7152 * v[1] + .0722 * v[2] };
  const paper = e => { for (; e; e = e.parentElement) {
    const c = parts(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return light(getComputedStyle(e).backgroundColor) } return 1 };
  const texts = [...document.querySelectorAll('.ac *, .ac-q *')].filter(e => e.checkVisibility()
    && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
  return Math.min(...texts.map(e => {
    const style = getComputedStyle(e), ground = paper(e);
    const ink = light(e.closest('svg') ? style.fill : style.color);
    return (Math.max(ink, ground) + .05) / (Math.min(ink, ground) + .05) }))
}"""


def test_everything_needed_is_there_with_one_scroll_and_nothing_else(visit, pushed):
    """A server version that brings panels back takes room from the card, shows their words, or
    moves the questions.
    """
    tab = visit(pushed["ordinary"], LAPTOP)
    tab.keyboard.press("1")  # the longest list of questions
    tab.wait_for_selector(".ac-q .ac-row .lsf-choice")
    for name, viewport in (("laptop", LAPTOP), ("desk", DESK)):
        tab.set_viewport_size(viewport)
        tab.evaluate("scrollTo(0, 0)")
        tab.wait_for_function("scrollY === 0")
        for word in CLUTTER:
            assert not tab.get_by_text(word, exact=True).locator("visible=true").count(), word
        card, box = (tab.evaluate(RECTANGLE, s) for s in (".ac", ".ac-q"))
        assert card[0] <= 20 and box[2] >= viewport["width"] - 20 and 0 <= box[0] - card[2] <= 30
        assert card[2] - card[0] >= 0.6 * viewport["width"] and box[1] <= 70
        assert card[3] - card[1] <= 2 * (viewport["height"] - TOP - BOTTOM)
        assert (
            tab.evaluate("(q => q.scrollHeight - q.clientHeight)(document.querySelector('.ac-q'))")
            <= 1
        )
        assert box[3] <= viewport["height"] - BOTTOM
        shown(tab, name)
        for theme in ("light", "dark"):
            tab.evaluate("t => { document.documentElement.dataset.colorScheme = t }", theme)
            assert tab.evaluate(CONTRAST) >= 4.5
        shown(tab, f"{name}-dark")
        tab.evaluate("document.documentElement.dataset.colorScheme = 'light'")
        # The page scrolls without a click, and one press shows the end of the card with the
        # questions still there.
        tab.keyboard.press("PageDown")
        tab.wait_for_function(f"{BOTTOM_OF_CARD} <= innerHeight - {BOTTOM}")
        assert tab.evaluate(RECTANGLE, ".ac-q")[1] >= TOP
        shown(tab, f"{name}-scrolled")


def test_what_a_newcomer_sees(visit, pushed):
    """The place in the batch, the instructions above the first account and never again, a title
    that names the answer after it was changed, and on a phone what is needed.
    """
    tab = visit(pushed["ordinary"], LAPTOP)
    assert f"Account 1 of {MANY}" in tab.inner_text(".ac-pause")
    assert "Looking after yourself" in tab.locator(".ac-first").text_content()
    pressed(tab, ["1", "9"])
    assert "How sure are you: Bot?" in tab.inner_text(".ac-q")
    tab.keyboard.press("2")
    tab.wait_for_function(
        "document.querySelector('.ac-q').innerText.includes('How sure are you: Human?')"
    )
    assert "How sure are you: Bot?" not in tab.inner_text(".ac-q")
    shown(tab, "changed-mind")
    tab.set_viewport_size({"width": 390, "height": 844})
    said = "getComputedStyle(document.querySelector('.ac-page'), '::before').content"
    assert "needs a wider screen" in tab.evaluate(said)
    shown(tab, "phone")  # drafts of this test are taken back by the next visit
    tab.set_viewport_size(LAPTOP)


def test_the_list_of_projects_says_what_to_do(visit, pushed, label_studio):
    tab = visit(pushed["ordinary"], LAPTOP)
    tab.goto(f"{label_studio.url}/projects")
    tiles = tab.locator("[class*=project-card__description]")
    tile = tiles.filter(has_text="press Label All Tasks").first
    tile.wait_for()
    hidden = tile.evaluate("""e => {
        const text = e.firstChild, range = document.createRange(), at = text.data.indexOf('{');
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        return range.getBoundingClientRect().top >= e.getBoundingClientRect().bottom - 1 }""")
    assert hidden, "the mark stands below the lines that a tile shows"
    shown(tab, "projects")


def test_what_is_blurred_is_shown_by_a_key_and_by_nothing_less(visit, pushed):
    tab = visit(pushed["ordinary"], LAPTOP)
    blurred = "getComputedStyle(document.querySelector('.ac p.ac-media')).filter"
    assert tab.evaluate(blurred).startswith("blur(")
    tab.keyboard.press("v")
    tab.wait_for_function(f"{blurred} === 'none'")
    tab.keyboard.press("v")
    tab.wait_for_function(f"{blurred} !== 'none'")


def test_thirty_accounts_by_keyboard(visit, pushed, label_studio):
    """Each kind of answer with what it asks for; read back as claims would be."""
    plans = (
        (["1", "r", "f", "9"], ("bot", ["amplifier"], ["sleepless"], 1.0)),
        (["2", "g", "m", "8"], ("human", None, ["daily", "voice"], 0.75)),
        (["3", "o", "s", "6"], ("hybrid", None, ["alike", "in step"], 0.25)),
        (["4", "7"], ("organisation", None, None, 0.5)),
        (["5", "x"], ("cannot tell", None, ["too little"], None)),
        (["0"], ("report", None, None, None)),
        (
            ["2", "1", "z", "v", "a", "b", "a", "9"],
            ("bot", ["other"], ["stated"], 1.0),
        ),  # another mind
    )
    tab = visit(pushed["ordinary"], LAPTOP)
    project = pushed["ordinary"]
    order = [plans[n % len(plans)] for n in range(MANY)]
    for keys, _ in order[:-1]:
        sent(tab, keys)
    pressed(tab, order[-1][0])
    tab.keyboard.press("Control+Enter")
    tab.wait_for_selector(".ac", state="detached")
    tasks = exported(label_studio, project, MANY)
    with Store(pushed["home"]) as store:
        book = SchemeBook(store.home)
    reader = Reader(book, Pseudonyms(pushed["home"]), {}, Scheme.load())
    found = sorted(reader.read(tasks).to_pylist(), key=lambda r: int(r["task"]))
    assert [(r["event"], r["reason"]) for r in found] == [("answered", None)] * MANY
    assert [(r["answer"], r["kinds"], r["reasons"], r["confidence"]) for r in found] == [
        wanted for _, wanted in order
    ]
    assert all(r["lead_time_s"] > 0 for r in found)
