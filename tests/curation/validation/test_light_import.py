"""Great Expectations is imported without what it does not need here, and nothing stays hidden."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from curation.validation.light_import import OPTIONAL, POSTPONED, great_expectations

gx = great_expectations()
for name in (*OPTIONAL, *POSTPONED):
    print(name, name in sys.modules)

from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as kl

print(kl.alt.Chart.__name__, round(float(kl.stats.entropy([0.5, 0.5])), 3))
import altair, scipy.stats

print(altair is sys.modules["altair"], altair.Chart is kl.alt.Chart, scipy.stats.norm.cdf(0))
from great_expectations.expectations.metrics.column_map_metrics import (
    column_values_match_json_schema as matching,
)

try:
    matching.jsonschema.validate(1, {"type": "string"})
except matching.jsonschema.ValidationError as error:
    print(f"ValidationError: {error.message}")
"""


@pytest.fixture(scope="module")
def printed() -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return done.stdout.splitlines()


def test_nothing_of_the_list_is_imported_and_nothing_is_left_hidden(printed: list[str]) -> None:
    assert [line.split()[1] for line in printed[:-3]] == ["False"] * 8


def test_a_postponed_module_is_the_real_one_when_it_is_used(printed: list[str]) -> None:
    assert printed[-3] == "Chart 0.693"
    assert printed[-2] == "True True 0.5"
    assert printed[-1] == "ValidationError: 1 is not of type 'string'"


@pytest.mark.parametrize(
    "script",
    [
        "import pyspark, sys; from curation.validation.light_import import great_expectations as gx;"
        " gx(); print(sys.modules['pyspark'] is pyspark)",
        "from botbench.core.mlflow_store import let_pyspark_import; let_pyspark_import();"
        " import pyspark.sql.connect.session; print(True)",
    ],
)
def test_a_program_without_a_file_is_not_ended_by_pyspark(script: str) -> None:
    """PySpark's client takes `python -c` for its own doctests and leaves with code 255."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
