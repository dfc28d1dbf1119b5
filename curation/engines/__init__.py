"""Where queries run beyond DuckDB's one process: sessions of Spark Connect (Sail, Spark)."""

from curation.engines.memory import children, peak_bytes
from curation.engines.sessions import DUCKDB, LOCAL_SPARK, NAMES, SAIL, check, failures, session

__all__ = [
    "DUCKDB",
    "LOCAL_SPARK",
    "NAMES",
    "SAIL",
    "check",
    "children",
    "failures",
    "peak_bytes",
    "session",
]
