"""The size of modules and rooms, and what one room may use of another.

That imports go down only is checked by import-linter (`make lint`).
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("botbench", "curation", "benchmarks")
LINES = 400
MODULES = 15
EXTENSIONS = {
    "curation/ingest/sources",
    "curation/features",
    "curation/sampling/designs",
    "curation/labels/consensus/methods",
    "benchmarks/detectors",
    "benchmarks/metrics",
    "benchmarks/protocols",
    "benchmarks/audits/checks",
    "benchmarks/reproductions",
    "benchmarks/study/questions",
    "benchmarks/study/coordination/traces",
    "benchmarks/leaderboard/site/pages",
    *(f"botbench/commands/{panel.name}" for panel in (ROOT / "botbench" / "commands").glob("*")),
}
"""Folders of one-file extensions: as many modules as there are extensions."""

pytestmark = pytest.mark.skipif(
    not (ROOT / "botbench").is_dir(),
    reason="the sources are not beside the tests (installed wheel)",
)


def modules():
    return [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]


def test_no_module_is_over_400_lines():
    lines = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in modules()}
    assert {name: n for name, n in lines.items() if n > LINES} == {}


def test_no_room_has_over_15_modules():
    rooms = {}
    for path in modules():
        if path.name != "__init__.py":
            room = str(path.parent.relative_to(ROOT))
            rooms[room] = rooms.get(room, 0) + 1
    assert {r: n for r, n in rooms.items() if n > MODULES and r not in EXTENSIONS} == {}


def private(name):
    return name.startswith("_") and not name.startswith("__")


def imported(path):
    """(module, name) of every absolute import from one of our packages, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.level or not node.module:
            continue
        if node.module.split(".")[0] in PACKAGES:
            yield from ((node.module, alias.name) for alias in node.names)


def test_nobody_imports_another_room_s_private_name():
    broken = []
    for path in modules():
        room = ".".join(path.relative_to(ROOT).parent.parts)
        for module, name in imported(path):
            parts = [*module.split("."), name]
            first = next((i for i, part in enumerate(parts) if private(part)), None)
            if first is not None and ".".join(parts[:first]) != room:
                same_module = ".".join(path.relative_to(ROOT).with_suffix("").parts) == module
                if not same_module:
                    broken.append(f"{path.relative_to(ROOT)} imports {module}.{name}")
    assert broken == []


def test_every_package_has_a_docstring_that_says_what_the_room_is_for():
    packages = [path for path in modules() if path.name == "__init__.py"]
    assert [p for p in packages if not ast.get_docstring(ast.parse(p.read_text()))] == []


def test_importing_botbench_loads_nothing():
    """Only names for type checkers (`if TYPE_CHECKING`), and what a function imports when called."""
    tree = ast.parse((ROOT / "botbench" / "__init__.py").read_text())
    assert not [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    assert [n.test.id for n in tree.body if isinstance(n, ast.If)] == ["TYPE_CHECKING"]
    assert not [n for n in tree.body if isinstance(n, ast.Try | ast.With | ast.For | ast.While)]


def test_every_variable_of_the_makefile_is_given_there():
    """An unknown one is empty without a word: a target that named its tests by it ran all."""
    text = (ROOT / "Makefile").read_text("utf-8")
    used = set(re.findall(r"(?<!\$)\$\((?:or \$\()?([A-Za-z_]+)\)", text))
    given = set(re.findall(r"^(?:export )?([A-Za-z_]+) *[:?]?=", text, re.MULTILINE))
    from_the_user = {"ARGS", "PYTEST_ARGS", "N", "FACTOR", "EXPERIMENT", "MAKEFILE_LIST"}
    assert used - given <= from_the_user and "CORE" in used
