"""Import Great Expectations in half the time: without telemetry and what is never used here.

Its import also loads Spark, Google's and Amazon's clients, a chart library and scipy.stats, which
costs between one and three seconds of processor time and prints Spark's warnings.
"""

from __future__ import annotations

import os
from typing import Any

from botbench.core import light_imports

OPTIONAL = ("pyspark", "google.oauth2", "boto3", "botocore", "rfc3987_syntax")
"""Modules that Great Expectations, or a library it imports, does without where they are missing."""

POSTPONED = ("altair", "jsonschema", "scipy.stats")
"""Modules that only its renderers and rules of distributions use: imported at their first use."""


def great_expectations() -> Any:
    """Great Expectations' module, with its expectations imported."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    with light_imports.without(OPTIONAL), light_imports.postponed(dict.fromkeys(POSTPONED, ())):
        import great_expectations as gx
        import great_expectations.expectations
    return gx
