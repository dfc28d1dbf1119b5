"""A library is imported without what it hardly uses, and nothing is missing when it is used."""

import importlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from botbench.core.light_imports import in_parts, whole

SCRIPT = """
import sys
from botbench.core.light_imports import of_scikit_learn

with of_scikit_learn():
    import sklearn.tree, sklearn.metrics, sklearn.model_selection
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedGroupKFold
print("scipy.stats" in sys.modules, "pandas" in sys.modules, "scipy.optimize" in sys.modules)
print(StratifiedGroupKFold.__module__, hasattr(sklearn.metrics, "nothing"))
from sklearn.metrics import label_ranking_loss
print(sorted(sklearn.metrics.__all__)[0], "scipy.optimize" in sys.modules)
import sklearn.ensemble
print("scipy.stats" in sys.modules, sklearn.ensemble.RandomForestClassifier is RandomForestClassifier)
from sklearn.ensemble import *
print(GradientBoostingClassifier.__name__)
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
        "False False False",
        "sklearn.model_selection._split False",
        "ConfusionMatrixDisplay True",
        "False True",
        "GradientBoostingClassifier",
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


def test_names_of_a_part_are_taken_from_their_module_and_others_load_the_whole(
    tmp_path, monkeypatch
):
    folder = tmp_path / "beside" / "parts"
    folder.mkdir(parents=True)
    (tmp_path / "beside" / "__init__.py").write_text("")
    (folder / "__init__.py").write_text(
        "import time\nfrom beside.parts.a import one\ntime.sleep(0.2)\n"
        "from beside.parts.b import two\n"
        "def __getattr__(name):\n    if name == 'four':\n        return 4\n"
        "    raise AttributeError(name)\n"
    )
    (folder / "a.py").write_text("one = 1\n")
    (folder / "b.py").write_text("import fractions\ntwo = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    in_parts("beside.parts", {"one": "a"})
    package = sys.modules["beside.parts"]
    assert package.one == 1
    assert "beside.parts.b" not in sys.modules
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: importlib.import_module("beside.parts").two, range(4)))
    assert found == [2] * 4, "all wait for the thread that loads"
    assert package.four == 4
    assert whole("beside.parts") is package
    for name in [name for name in sys.modules if name.partition(".")[0] == "beside"]:
        del sys.modules[name]


def test_whoever_lists_a_package_in_parts_finds_all_of_it():
    """As skops does, which trusts the estimators that it finds so."""
    script = """
import benchmarks.detectors
import sklearn.ensemble, sklearn.preprocessing
print("AdaBoostClassifier" in vars(sklearn.ensemble), "AdaBoostClassifier" in dir(sklearn.ensemble))
from sklearn.utils import all_estimators
names = [name for name, _ in all_estimators()]
print(len(names) == len(set(names)), {"KNeighborsClassifier", "StandardScaler"} <= set(names))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["False", "True", "True", "True"], "")


def test_a_package_whose_init_fails_fails_again(tmp_path, monkeypatch):
    (tmp_path / "behind" / "parts").mkdir(parents=True)
    (tmp_path / "behind" / "__init__.py").write_text("")
    (tmp_path / "behind" / "parts" / "__init__.py").write_text("import behind.nothing\n")
    monkeypatch.syspath_prepend(tmp_path)
    in_parts("behind.parts")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match=r"behind\.nothing"):
            whole("behind.parts")
    for name in [name for name in sys.modules if name.partition(".")[0] == "behind"]:
        del sys.modules[name]


def test_the_nursery_s_packages_are_whole_before_children_are_forked():
    """What a package lacks, each child would import anew."""
    script = """
import sys
import benchmarks.detectors
from benchmarks.isolation.nursery import PRELOADED
from botbench.core.light_imports import PARTS_OF_SCIKIT_LEARN, whole
print("scipy.optimize" in sys.modules, set(PARTS_OF_SCIKIT_LEARN) <= set(PRELOADED))
for name in PARTS_OF_SCIKIT_LEARN:
    whole(name)
before = len(sys.modules)
import sklearn.ensemble, sklearn.metrics, sklearn.neighbors
sklearn.ensemble.AdaBoostClassifier, sklearn.metrics.f1_score, sklearn.neighbors.KDTree
print(len(sys.modules) - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.splitlines(), done.stderr) == (["False True", "0"], "")


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
