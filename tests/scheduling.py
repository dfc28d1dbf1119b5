"""Which tests go to one worker of pytest-xdist, and which worker begins with what.

Tests that share something costly go to one worker, which makes it once: a file's tests share its
fixtures, folders share stores and servers. The longest begin first, so that no worker is left
with a long one at the end.
"""

import functools
from pathlib import Path

from xdist.scheduler import LoadGroupScheduling

ROOT = Path(__file__).resolve().parents[1]
LABEL_STUDIO = "label-studio"
FOLDERS = ("tests/chaos/", "tests/benchmarks/study/", "tests/botbench/api/")
"""Folders whose tests share stores."""
SECONDS = {
    LABEL_STUDIO: 350,
    "tests/chaos/": 200,
    "tests/benchmarks/study/": 130,
    "tests/botbench/api/": 110,
    "tests/test_readme.py": 80,
    "tests/e2e/test_site_pages.py": 60,
    "tests/benchmarks/reproductions/": 55,
    "tests/botbench/terminal/test_hostile_names.py": 50,
    "tests/curation/release/publish/test_erasure": 45,
    "tests/test_extensions.py": 40,
    "tests/curation/store/test_objects.py": 35,
    "tests/benchmarks/execution/test_runner.py": 35,
    "tests/curation/labels/test_conflicts.py": 30,
    "tests/e2e/": 30,
    "tests/botbench/terminal/test_signals.py": 25,
    "tests/botbench/core/test_mlflow_store.py": 20,
    "tests/curation/ingest/test_supersession.py": 20,
    "tests/curation/release/test_release_races.py": 15,
    "tests/botbench/test_docs_site.py": 15,
}
"""About how long these take, by what they begin with; where it is wrong, only the order suffers."""
USUAL = 0.3
"""Seconds of any other test."""


@functools.cache
def needs_label_studio(file):
    """Whether a file of tests has some that need the server."""
    path = ROOT / file
    return (
        path.suffix == ".py"
        and path.is_file()
        and "pytest.mark.labelstudio" in path.read_text(encoding="utf-8")
    )


def shared_by(nodeid):
    """What a test is run together with: the server's name, a folder, or its file."""
    file = nodeid.partition("::")[0]
    if needs_label_studio(file):
        return LABEL_STUDIO
    return next((folder for folder in FOLDERS if file.startswith(folder)), file)


def longest_first(items):
    """Order the tests by how long those take that they are run with."""
    groups = [shared_by(item.nodeid) for item in items]
    seconds = dict.fromkeys(groups, 0.0)
    for group in groups:
        seconds[group] += USUAL
    for group in seconds:
        seconds[group] = next(
            (s for n, s in SECONDS.items() if group.startswith(n)), seconds[group]
        )
    order = {group: n for n, group in enumerate(sorted(seconds, key=lambda g: (-seconds[g], g)))}
    items.sort(key=lambda item: order[shared_by(item.nodeid)])


class Scheduling(LoadGroupScheduling):
    """Gives out what is run together, in the order of `longest_first`."""

    def __init__(self, config, log=None):
        # Else it would put those first that are the most.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid):
        return shared_by(nodeid)
