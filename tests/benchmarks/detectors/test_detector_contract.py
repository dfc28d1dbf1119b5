"""The contract: every registered detector through the same checks, on accounts that the bench
itself serves it.
"""

import shutil
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.base import clone

from benchmarks.data import masking, release_arrays
from benchmarks.data.accounts import Accounts, Records
from benchmarks.detectors import Spec, detectors, get, learning
from benchmarks.execution import cells, evidence
from benchmarks.protocols import Plan
from botbench.core.errors import UserError

FILES = {"external": 'external(file="scores.csv")', "mlflow": 'mlflow(model="logged")'}
"""Detectors that ask for a file, with the one that the fixture writes."""
EVERY = sorted(FILES.get(name, name) for name in detectors())
N = 60


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, session_make):
    """A home with a release that has every kind of evidence, and beside it what detectors read from
    files.
    """
    from sklearn.ensemble import RandomForestClassifier

    folder = tmp_path_factory.mktemp("contract")
    make = session_make(folder / "home")
    make("a", N // 2, N // 2, posts=6, edges=True, official=True, given=("one", "two"))
    labels = pq.read_table(folder / "home/releases/a/1/labels.parquet").to_pandas()
    rng = np.random.default_rng(0)
    p = np.clip(0.3 + 0.4 * (labels["label"] == "bot") + rng.normal(0, 0.1, N), 0, 1)
    labels[["account_id"]].assign(p_bot=p).to_csv(folder / "scores.csv", index=False)
    if "mlflow" in detectors():
        from benchmarks.detectors.mlflow_model import log_folder

        x = rng.normal(size=(40, 2))
        log_folder(
            RandomForestClassifier(5, random_state=0).fit(x, x[:, 0] > 0),
            ["followers", "following"],
            folder / "logged",
        )
    return folder


@dataclass
class Seen:
    """A detector, a view of all accounts, which of them to learn from, and it fitted on those."""

    spec: Spec
    view: Accounts
    y: np.ndarray
    train: np.ndarray
    test: np.ndarray

    def fitted(self, view=None, y=None, seed=7):
        learn = (self.view if view is None else view).take(self.train)
        return self.spec.seeded(seed).fit(learn, (self.y if y is None else y)[self.train])


@pytest.fixture(scope="module", params=EVERY)
def seen(request, shelf):
    from threadpoolctl import threadpool_limits

    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        patch.chdir(shelf)
        spec, pool = get(request.param), [release_arrays.load(shelf / "home", "a@1")]
        order = np.random.default_rng(2).permutation(N)
        with evidence.view(spec, pool, evidence.gather(spec, pool), masking.Mask("k")) as view:
            yield Seen(spec, view, pool[0].y, order[:40], order[40:])


@pytest.fixture(scope="module")
def made(seen):
    return seen.fitted()


def scores(made, view):
    return made.predict_proba(view.to_score())[:, 1]


def test_it_says_what_it_is(seen):
    spec = seen.spec
    assert len(spec.about) > 20 and spec.about.endswith(".") and spec.cites
    assert (
        len(spec.version) == 16
        and spec.version == get(spec.name).version
        and get(spec.name).name == spec.name
    )


def test_it_is_a_scikit_learn_estimator(seen):
    made = seen.spec.seeded(3)
    copy = clone(made)
    assert copy.get_params() == made.get_params() and not hasattr(copy, "classes_")
    if "random_state" in made.get_params():
        assert made.random_state == 3


def test_every_account_gets_a_probability(seen, made):
    for rows in (seen.train, seen.test):
        proba = made.predict_proba(seen.view.take(rows).to_score())
        assert proba.shape == (len(rows), 2) and np.isfinite(proba).all()
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        assert proba.min() >= 0 and proba.max() <= 1


def test_it_says_of_which_accounts_it_cannot_tell(seen, made):
    """Nobody, or one answer for each account; the same in another order of rows."""
    test = seen.view.take(seen.test)
    unsure = learning.abstentions(made, test)
    assert unsure.dtype == np.bool_ and unsure.shape == (len(test),)
    order = np.random.default_rng(1).permutation(len(test))
    np.testing.assert_array_equal(unsure[order], learning.abstentions(made, test.take(order)))


def test_one_seed_gives_one_result_and_leaves_its_material_alone(seen, made):
    before, labels = seen.view.values.copy(), seen.y.copy()
    test = seen.view.take(seen.test)
    np.testing.assert_array_equal(scores(made, test), scores(seen.fitted(), test))
    np.testing.assert_array_equal(seen.view.values, before)
    np.testing.assert_array_equal(seen.y, labels)


def test_an_account_is_scored_alike_wherever_it_stands(seen, made):
    """A detector that scores the batch as a whole declares it; the order of rows never matters."""
    test = seen.view.take(seen.test)
    p = scores(made, test)
    order = np.random.default_rng(1).permutation(len(p))
    np.testing.assert_allclose(p[order], scores(made, test.take(order)), rtol=1e-9)
    if not seen.spec.transductive:
        np.testing.assert_allclose(p[:5], scores(made, test.take(np.arange(5))), rtol=1e-9)
        np.testing.assert_allclose(p[:1], scores(made, test.take(np.array([0]))), rtol=1e-9)


def test_nobody_or_one_account_to_score(seen, made):
    for n in (0, 1):
        batch = seen.view.take(np.arange(n))
        try:
            proba = made.predict_proba(batch.to_score())
        except UserError as refusal:
            assert len(str(refusal)) > 20, "a refusal says why"
        else:
            assert (
                proba.shape == (n, 2)
                and np.isfinite(proba).all()
                and (proba >= 0).all()
                and (proba <= 1).all()
            )


def without(view, **changes):
    """The view with other values, columns of nothing, or posts of nobody."""
    columns = {name: pa.nulls(len(view), array.type) for name, array in view.columns.items()}
    posts = view.posts and Records(
        view.posts.path, view.posts.ends, np.arange(len(view), dtype=np.uint64)
    )
    return Accounts(
        view.names,
        changes.get("values", view.values),
        columns if changes.get("empty_tables") else view.columns,
        posts if changes.get("empty_tables") else view.posts,
        view.edges,
        view.domains,
    )


def test_missing_evidence(seen, made):
    """Whole families may be missing of the scored, some accounts of the taught may have nothing,
    and one feature nobody.
    """
    nothing = without(seen.view, values=np.full(seen.view.values.shape, np.nan), empty_tables=True)
    p = scores(made, nothing.take(seen.test))
    assert np.isfinite(p).all() and len(np.unique(p)) == 1, (
        "of whom nothing is known, nothing is told apart"
    )
    values = seen.view.values.copy()
    values[:5] = np.nan
    values[:, :2] = np.nan
    assert np.isfinite(scores(seen.fitted(without(seen.view, values=values)), seen.view)).all()
    assert np.isfinite(scores(seen.fitted(nothing), seen.view)).all(), (
        "taught by silence it still answers"
    )


def test_constant_columns(seen):
    view = without(seen.view, values=np.full(seen.view.values.shape, 4.0))
    assert np.isfinite(scores(seen.fitted(view), view.take(seen.test))).all()


def test_a_single_class_is_a_clear_error(seen):
    for label, only in ((0, "humans only"), (1, "bots only")):
        with pytest.raises(UserError, match=only):
            seen.fitted(y=np.full(N, label, dtype=np.int8))


def test_labels_of_the_test_part_are_never_seen(seen, shelf, tmp_path):
    """The same cell with the tested accounts' labels inverted gives the same predictions."""
    shutil.copytree(shelf / "home", tmp_path / "home")
    file = tmp_path / "home/releases/a/1/labels.parquet"
    table, splits = pq.read_table(file), pq.read_table(file.with_name("splits.parquet")).to_pandas()
    tested = set(
        splits[(splits["split_id"] == "official") & (splits["part"] == "test")]["account_id"]
    )
    turned = [
        {"bot": "human", "human": "bot"}[label] if i in tested else label
        for i, label in zip(
            table["account_id"].to_pylist(), table["label"].to_pylist(), strict=True
        )
    ]
    pq.write_table(
        table.set_column(table.schema.get_field_index("label"), "label", pa.array(turned)), file
    )
    first, second = (
        cells.compute(
            cells.Task(home, "k", seen.spec.name, "official-split()", Plan(("a@1",), ("a@1",)))
        )
        for home in (shelf / "home", tmp_path / "home")
    )
    assert first.status == "done" == second.status, first.reason or second.reason
    assert tested and first.predictions.drop(["seconds"]).equals(
        second.predictions.drop(["seconds"])
    )
