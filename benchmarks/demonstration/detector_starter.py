"""The files that a detector of one's own begins with: a module, its test and a pyproject.toml."""

from __future__ import annotations

import keyword
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from botbench.core.errors import UserError

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

MODULE = '''"""{name}: what it looks at, in a sentence."""

from __future__ import annotations

from typing import Any

from benchmarks.detectors import FeatureModel, detector


@detector(
    "{name}",
    # An account without these cannot be judged: features (botbench features) or whole families,
    # such as profile, timing, text, content, network; posts and edges are tables.
    needs=("followers", "following"),
    # What it also looks at where it is there.
    uses=("posts_total",),
    cites="none: an example",
    about="Logistic regression on counts of the profile. Say here what yours does.",
)
class {cls}(FeatureModel):
    """The view that it gets holds no label, id or data set name."""

    def model(self) -> Any:
        """Any scikit-learn classifier or pipeline; missing values are NaN."""
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import QuantileTransformer

        return make_pipeline(
            SimpleImputer(strategy="median"),
            QuantileTransformer(n_quantiles=20, random_state=self.random_state),
            LogisticRegression(random_state=self.random_state),
        )
'''
TEST = '''"""{name} on planted accounts: bots follow many and are followed by few."""

import numpy as np

from benchmarks.data.accounts import Accounts
from {module} import {cls}


def test_it_learns_what_was_planted():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 100)
    followers = rng.lognormal(6 - 3 * y)
    following = rng.lognormal(5 + 2 * y)
    accounts = Accounts(("followers", "following"), np.column_stack([followers, following]))
    p = {cls}().fit(accounts, y).predict_proba(accounts)[:, 1]
    assert p.shape == (200,) and p[y == 1].mean() > p[y == 0].mean() + 0.5
'''
PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "0.1"
description = "A bot detector for botbench."
dependencies = ["botbench"]

# By this botbench finds it: nothing else is edited.
[project.entry-points."botbench.detectors"]
{name} = "{module}"

[tool.hatch.build.targets.wheel]
include = ["{module}.py"]
"""


def _is_taken(module: str) -> bool:
    """Whether a word of the language, or an installed module, has this name."""
    if keyword.iskeyword(module) or module in sys.stdlib_module_names:
        return True
    found = find_spec(module)
    return found is not None and found.origin is not None


def write(name: str, folder: Path) -> list[Path]:
    """Write the module, its test and pyproject.toml into a new folder; returns their paths.

    Raises UserError for a name that cannot be one, is taken, or a folder that holds something.
    """
    from benchmarks.detectors import detectors

    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot name a detector: use small letters, digits and single dashes,"
            " beginning with a letter, such as my-detector."
        )
    module = name.replace("-", "_")
    if _is_taken(module):
        raise UserError(
            f"{module} is a word or a module of Python that a module of that name would hide; take"
            " another name, such as my-detector."
        )
    if name in detectors():
        raise UserError(f"There is a detector {name!r} already; take another name.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "holds something" if folder.is_dir() else "is a file"
        raise UserError(f"{folder} {what}; name a new folder with --out DIR.")
    words = {"name": name, "module": module, "cls": "".join(map(str.title, name.split("-")))}
    texts = {f"{module}.py": MODULE, f"test_{module}.py": TEST, "pyproject.toml": PROJECT}
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (folder / file).write_text(text.format(**words), encoding="utf-8")
    return [folder / file for file in texts]
