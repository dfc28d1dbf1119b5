"""A library is imported without what it hardly uses, and nothing is missing when it is used."""

import importlib
import subprocess
import sys

import pytest

from botbench.core.light_imports import in_parts

SCRIPT = """
import sys
from botbench.core.light_imports import of_scikit_learn

with of_scikit_learn():
    import sklearn.tree, sklearn.metrics, sklearn.model_selection
print("scipy.stats" in sys.modules, "pandas" in sys.modules)
from sklearn.metrics import label_ranking_loss
from sklearn.metrics._ranking import rankdata
print(rankdata([30, 10, 20]).tolist(), "scipy.stats" in sys.modules)
import scipy.stats
print(scipy.stats is sys.modules["scipy.stats"], scipy.stats.norm.cdf(0))
from sklearn.covariance import EllipticEnvelope
x = [[float(i % 7), float(i * i % 11)] for i in range(60)]
print(sorted(set(EllipticEnvelope(random_state=0).fit(x).predict(x).tolist())))
from sklearn.utils.fixes import _mode
print(int(_mode([3, 1, 3]).mode.item()))
with of_scikit_learn():
    import scipy.stats as again
print(again is scipy.stats)
import pandas
frame = pandas.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, None, 0.0, 1.0]})
print(sklearn.tree.DecisionTreeClassifier(random_state=0).fit(frame, [0, 0, 1, 1]).feature_names_in_)
"""


def test_scikit_learn_comes_without_scipy_s_statistics_until_they_are_used():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "False False",
        "[3.0, 1.0, 2.0] True",
        "True 0.5",
        "[-1, 1]",
        "3",
        "True",
        "['a' 'b']",
    ]


def test_a_detector_s_base_imports_no_statistics_of_scipy():
    script = (
        "import sys, benchmarks.detectors.forest as f; f.RandomForestDetector().model();"
        " print('sklearn.ensemble' in sys.modules, 'scipy.stats' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True False\n", "")


def test_features_import_one_compiler_of_ibis_and_any_other_when_it_is_asked_for():
    script = """
import sys
from curation.features import view_sql
view_sql("posts", "there")
import ibis
package = "ibis.backends.sql.compilers"
print(sorted(m.rpartition(".")[2] for m in sys.modules if m.startswith(f"{package}.")))
table = ibis.table({"a": "int64"}, name="t")
print(str(ibis.to_sql(table, dialect="mysql")).split())
print(str(ibis.to_sql(table, dialect="duckdb")).split())
from ibis.backends.sql.compilers import DuckDBCompiler, TrinoCompiler
print(type(sys.modules[package].duckdb.compiler) is DuckDBCompiler)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "['_compat', 'base', 'duckdb']",
        "['SELECT', '*', 'FROM', '`t`']",
        "['SELECT', '*', 'FROM', '\"t\"']",
        "True",
    ]


def test_a_package_in_parts_is_whole_when_it_is_asked_for_more(tmp_path, monkeypatch):
    folder = tmp_path / "above" / "parts"
    folder.mkdir(parents=True)
    (tmp_path / "above" / "__init__.py").write_text("")
    (folder / "__init__.py").write_text("from above.parts.b import two\n")
    (folder / "a.py").write_text("one = 1\n")
    (folder / "b.py").write_text("two = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    in_parts("above.parts")
    one = importlib.import_module("above.parts.a")
    assert one.one == 1
    assert "above.parts.b" not in sys.modules
    package = sys.modules["above.parts"]
    assert package.a is one
    assert package.two == 2
    assert importlib.import_module("above.parts") is package
    with pytest.raises(AttributeError, match="three"):
        package.three  # noqa: B018
    in_parts("above.parts")
    assert sys.modules["above.parts"] is package
    with pytest.raises(ModuleNotFoundError, match="above"):
        in_parts("above.nothing")
    for name in [name for name in sys.modules if name.partition(".")[0] == "above"]:
        del sys.modules[name]


def test_a_pull_of_a_file_imports_no_data_frames_and_no_network(tmp_path):
    """DuckDB imports pandas for the first parameter of a query and the first Arrow table."""
    (tmp_path / "ids.csv").write_text("account_id,followers\n1,2\n2,3\n")
    heavy = ("numpy", "pandas", "pyarrow", "requests")
    script = (
        "import sys\nfrom botbench.commands.main import main\n"
        f"sys.argv[1:] = ['pull', 'ids.csv', '--as', 'ids', '--platform', 'twitter']\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    print(ended.code)\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert "2 accounts" in done.stderr
