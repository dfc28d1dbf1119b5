"""Erasure: an account leaves the store and everything that was made from it. `erase` does it, and
may be run again at any time.

`account` finds whom it is about, `journal` remembers it until all is done, `masks` knows its ids,
names and texts wherever they stand; `rows` empties the tables, `purge` the files and pages behind
them, `releases` the frozen data sets, `tracked` MLflow's runs, `files` all else that `made` knows
for botbench's own. Files of others are never written.
"""

from curation.maintenance.erasure.run import Erasure, erase

__all__ = ["Erasure", "erase"]
