"""Erasure: remove an account from the store and from everything botbench made of it.

`erase` runs it and can be repeated at any time. `account` finds the account; `journal` keeps the
target until the end; `masks` holds its ids, names and texts. `rows` empties the tables, `purge` the
files and pages behind them. `releases` rewrites the frozen data sets, `mlflow_runs` MLflow's runs,
`file_cleaning` all other files that `own_files` recognises as botbench's. Files of others are never
written. `posts` erases single posts.
"""

from curation.maintenance.erasure.run import Erasure, erase

__all__ = ["Erasure", "erase"]
