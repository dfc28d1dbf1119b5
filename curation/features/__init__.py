"""Features that read one account: one file a family, one named function a feature.

A feature is a function of one *view*, named by its parameter: `accounts` (one row an account),
`posts` (one row a post) or a view derived from them, such as `gaps` or `days`. On `accounts` it
returns a value, elsewhere an aggregate over the rows of one account. What cannot be known is NULL:
no timeline is not zero posts.
"""

from curation.features._cache import ReleaseFolder, cached, code_version
from curation.features._compute import buckets_for, compute
from curation.features._exact import (
    concentration,
    entropy,
    known_length,
    mean,
    per,
    sd,
    share,
)
from curation.features._functions import count_of
from curation.features._page import one_line, reference_page
from curation.features._registry import FEATURES, Feature, chosen, families, feature
from curation.features._render import view_sql
from curation.features._to_file import Written, write
from curation.features._views import VIEWS, view

__all__ = [
    "FEATURES",
    "VIEWS",
    "Feature",
    "ReleaseFolder",
    "Written",
    "buckets_for",
    "cached",
    "chosen",
    "code_version",
    "compute",
    "concentration",
    "count_of",
    "entropy",
    "families",
    "feature",
    "known_length",
    "mean",
    "one_line",
    "per",
    "reference_page",
    "sd",
    "share",
    "view",
    "view_sql",
    "write",
]
