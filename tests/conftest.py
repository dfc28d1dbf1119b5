"""Fixtures shared by all tests: a fresh store, the command line as a user runs it, and the real
data where it is there.
"""

import gc
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from botbench.core.mlflow_store import let_pyspark_import

# The processes of a test run share the cores, and threads of OpenMP spin while they wait for each
# other: 322 seconds of processor time became 18. Before NumPy and scikit-learn are imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_threads, "1")

# A machine at work is slow, and that is no fault of what is tried. The examples are the same in
# each run, so that CI fails for a change and for nothing else; HYPOTHESIS_PROFILE=search draws new.
settings.register_profile("botbench", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "botbench"))
# A shell that starts the tests in its background lets Ctrl-C be ignored, by commands of tests too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
ROOT = Path(__file__).resolve().parents[1]
# Tests that ask MLflow themselves import PySpark in a worker, which is a program without a file.
let_pyspark_import()
SHARED = Path(os.environ.get("BOTBENCH_SHARED_DATA", ROOT.parent / "shared" / "data"))


def beside(name):
    """The module tests/NAME.py."""
    file = ROOT / "tests" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PROCESSES = beside("processes")
PROCESSES.check_signatures_once()


def uses_all_threads(item):
    """Whether DuckDB has a thread for each core in this test.

    Where a process is alone, in `make chaos`, on real data, and in tests that are about it.
    """
    return (
        "PYTEST_XDIST_WORKER" not in os.environ
        or "BOTBENCH_CHAOS" in os.environ
        or "shared_data" in getattr(item, "fixturenames", ())
        or any(item.iter_markers("all_threads"))
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Tell a test's own variables from those of earlier ones (the fixture `cli`)."""
    PROCESSES.a_test_begins(uses_all_threads(item))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give out tests by tests/scheduling.py."""
    if config.getvalue("dist") == "loadgroup":
        return beside("scheduling").Scheduling(config, log)
    return None


COSTLY = {
    *("store", "cli", "home", "made", "shared_data", "postgres_server", "chromium", "warm"),
    *("label_studio", "mlflow_database", "plugin", "session_make", "shelf", "old_stores"),
    *("written", "place", "database", "answers", "empty_store", "signatures_once"),
}
"""Fixtures of tests that `make quick` leaves out: stores, processes, servers, real data."""
LONG = (
    *("chaos", "e2e", "consensus_methods", "mlflow_store", "notebooks", "docs_site", "simulat"),
    *("doctor", "two_camps", "signals", "test_demo", "attack", "failures", "coverage", "/live/"),
    *("test_extensions", "test_before", "fuzz", "light_import", "features_engines", "test_predict"),
    *("test_release", "test_store.", "file_hashes", "test_sampling", "test_tabular", "/publish/"),
)
"""Parts of the names of test files that it leaves out, too: for their simulations, or because they
make stores and processes by themselves.
"""


def pytest_collection_modifyitems(items):
    """Mark the tests of `make quick`; order those of a worker."""
    for item in items:
        is_costly = not COSTLY.isdisjoint(getattr(item, "fixturenames", ()))
        if not is_costly and not any(part in item.nodeid.partition("::")[0] for part in LONG):
            item.add_marker(pytest.mark.quick)
    if "PYTEST_XDIST_WORKER" in os.environ:
        beside("scheduling").longest_first(items)


def pytest_collection_finish():
    """Keep what was imported and collected out of the rounds of Python's garbage collector.

    In a process with a million objects they were a tenth of what small tests take. Botbench's
    command line counts as few rounds (`botbench.commands.main`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """The folder of a new store, to be copied: to make one takes twice as long as to open it."""
    from curation.store.store import Store

    folder = tmp_path_factory.mktemp("empty") / "store"
    Store(folder).close()
    return folder


@pytest.fixture
def store(tmp_path, empty_store):
    """A new store, opened."""
    from curation.store.store import Store

    shutil.copytree(empty_store, tmp_path / "store")
    with Store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture(scope="session")
def signatures_once():
    """Lines for the program of a test that runs many commands in one process."""
    return (
        "from importlib import util\n"
        f"spec = util.spec_from_file_location('processes', {PROCESSES.__file__!r})\n"
        "processes = util.module_from_spec(spec)\n"
        "spec.loader.exec_module(processes)\n"
        "processes.check_signatures_once()\n"
    )


@pytest.fixture(scope="session")
def warm(tmp_path_factory):
    """The process that commands are forked from; it ends with the session."""
    process = PROCESSES.Warm(tmp_path_factory.mktemp("warm"))
    yield process
    process.close()


@pytest.fixture
def cli(tmp_path, warm):
    """Run `botbench` in a process of its own, in an empty folder: cli("pull", ..., code=0) returns
    the finished process; cli.json(...) its one JSON document."""
    return PROCESSES.Commands(tmp_path, warm)


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real labelled data sets."""
    if not SHARED.is_dir():
        pytest.skip(
            f"the real data sets are not at {SHARED}; set BOTBENCH_SHARED_DATA to their folder"
        )
    return SHARED


def _postgres_programs():
    """The folder of initdb and pg_ctl: on PATH or where Debian keeps them."""
    candidates = [Path(p) for p in os.environ.get("PATH", "").split(os.pathsep)] + sorted(
        Path("/usr/lib/postgresql").glob("*/bin")
    )[::-1]
    return next(
        (
            folder
            for folder in candidates
            if (folder / "initdb").exists() and (folder / "pg_ctl").exists()
        ),
        None,
    )


class PostgresServer:
    """A PostgreSQL server of our own in a new folder, on a free loopback port."""

    def __init__(self, programs):
        self.programs = programs
        # A folder of its own: pytest's are closed to other users, and PostgreSQL refuses to run as
        # root.
        self.folder = Path(tempfile.mkdtemp(prefix="botbench-postgres-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.as_user = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self.as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.data = self.folder / "data"
        self.url = f"postgresql://botbench@127.0.0.1:{self.port}/postgres"
        self._run("initdb", "-D", str(self.data), "-U", "botbench", "-A", "trust", "--no-sync")
        self.start()

    @property
    def process(self):
        """The number of the server's first process; SIGQUIT ends it like `-m immediate`."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def start(self):
        """Start it, also after it was stopped."""
        # A process that is killed loses nothing that was not on the disk: only a machine would.
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {self.folder}"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", log, "-o", options, "start")

    def remove(self):
        """Stop it and delete its folder."""
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program, *arguments):
        subprocess.run(
            [str(self.programs / program), *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            **self.as_user,
        )


@pytest.fixture(scope="session")
def postgres_server():
    """Start a PostgreSQL server of our own; all are stopped at the end."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip(
            "no PostgreSQL server programs (initdb, pg_ctl): apt-get install postgresql, or set"
            " PATH to them"
        )
    made = []

    def start():
        made.append(PostgresServer(programs))
        return made[-1]

    yield start
    for server in made:
        server.remove()


@pytest.fixture(scope="session")
def postgres(postgres_server):
    """The URL of a PostgreSQL server that tests share."""
    return postgres_server().url


@pytest.fixture(scope="session")
def chromium():
    """One browser for all tests of a process: Playwright cannot be started twice in one. Each test
    opens contexts of its own.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = os.environ.get("BOTBENCH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(program).exists():
        pytest.skip(
            f"no Chromium at {program}: apt-get install chromium, or set BOTBENCH_CHROMIUM to its"
            " path"
        )
    quiet = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    with playwright.sync_playwright() as run:
        opened = run.chromium.launch(executable_path=program, args=quiet, timeout=180_000)
        yield opened
        opened.close()


MADE_LIVE = (
    "iframe, object, embed, video, base, link, img, foreignObject, svg image, svg use,"
    " meta[http-equiv=refresh], a[href^='javascript:' i], a[href^='data:' i], form[action],"
    " [onerror], [onload], [onmouseover], [onfocus]"
)
"""What a page of ours never holds; so whatever matches was made by somebody's text."""


@pytest.fixture
def looked_at(chromium):
    """looked_at(file, viewport=..., policy=True) opens a page that holds hostile text in Chromium.

    No script of the text ran, nothing was asked for or complained about, no element was made of
    it, no invisible character turns a line, nothing goes sideways, and the page's policy stops a
    script that is put in afterwards. Returns the text that a reader sees, details opened. Pages of
    one width are opened one after the other in one tab: a new one takes longer than a page.
    """
    tabs = {}

    def opened(width):
        tab = chromium.new_context(viewport={"width": width, "height": 900}).new_page()
        asked, said = [], []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        return tab, asked, said

    def looked(file, width=1280, policy=True):
        if width not in tabs:
            tabs[width] = opened(width)
        tab, asked, said = tabs[width]
        tab.goto("about:blank")
        asked.clear(), said.clear()
        tab.goto(file.as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert (asked, said) == ([file.as_uri()], [])
        assert tab.evaluate("window.__pwn") is None
        found = "s => [...document.querySelectorAll(s)].map(e => e.outerHTML.slice(0, 200))"
        assert tab.evaluate(found, MADE_LIVE) == []
        shown = tab.inner_text("body")
        hidden = set("\u200b\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x07\x1b")
        assert not hidden & set(tab.content())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        if folder := os.environ.get("BOTBENCH_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            tab.screenshot(path=f"{folder}/hostile-{file.stem[:60]}-{width}.png", full_page=True)
        if policy:
            tab.evaluate(
                "() => { const s = document.createElement('script');"
                " s.textContent = 'window.__pwn = 99'; document.body.append(s) }"
            )
            assert tab.evaluate("window.__pwn") is None and len(asked) == 1
            assert any("Content Security Policy" in line for line in said)
        return shown

    yield looked
    for tab, _, _ in tabs.values():
        tab.context.close()


@pytest.fixture(scope="session")
def looks():
    """The scripts of tests/e2e/looks.py."""
    return beside("e2e/looks")


LOOKS = ((1440, 900, "light"), (1280, 720, "dark"), (390, 844, "light"), (390, 844, "dark"))
"""Page, laptop and phone, light and dark."""


@pytest.fixture
def spotless(chromium, looks):
    """spotless(file, unfold=True, small=False) opens a page in Chromium at three widths, light and dark.

    With all details open (`unfold`), it asks for nothing but itself, no script complains, nothing goes sideways, no two texts meet,
    no text of a chart leaves it or is under 12 pixels (unless `small`), and axe finds nothing (where BOTBENCH_AXE names it). Returns the
    tab, to be looked at further; it is closed after the test.
    """
    contexts = []

    def opened(file, unfold=True, small=False):
        context = chromium.new_context(bypass_csp=True)
        contexts.append(context)
        tab, asked, said = context.new_page(), [], []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.goto(file.as_uri())
        if unfold:
            tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        axe = os.environ.get("BOTBENCH_AXE")
        if axe:
            tab.evaluate(Path(axe).read_text(encoding="utf-8"))
        for width, height, scheme in LOOKS:
            tab.set_viewport_size({"width": width, "height": height})
            tab.emulate_media(color_scheme=scheme)
            at = f"{file.stem} at {width} {scheme}"
            assert (asked, said) == ([file.as_uri()], []), at
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, at
            met = [m for m in looks.meeting(tab) if not (small and m[0].startswith("small"))]
            assert met == [], at
            if axe:
                found = tab.evaluate(
                    "axe.run({resultTypes: ['violations']}).then(r => r.violations.map(v => [v.id,"
                    " v.nodes.slice(0, 3).map(n => n.html.slice(0, 200))]))"
                )
                assert found == [], at
        tab.set_viewport_size({"width": 1280, "height": 900})
        return tab

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def notebooks():
    """The functions of tests/notebooks.py."""
    return beside("notebooks")


@pytest.fixture(scope="session")
def hostile_texts():
    """hostile_texts(longest=...) are the texts of tests/hostile.py."""
    return beside("hostile").texts


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory):
    """The bytes of a new SQLite file of MLflow's; to make one takes seconds."""
    from botbench.core import mlflow_store

    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    mlflow_store.client(f"sqlite:///{file}")
    return file.read_bytes()


@pytest.fixture
def spark_executors():
    """The functions of tests/executors.py."""
    return beside("executors")
