"""Where queries run beyond DuckDB's one process: sessions of Spark Connect (Sail, Spark)."""

from curation.engines.memory import children, peak_bytes
from curation.engines.sessions import DUCKDB, LOCAL_SPARK, NAMES, SAIL, check, failures, session
from curation.engines.table_files import files_of

__all__ = [
    "DUCKDB",
    "LOCAL_SPARK",
    "NAMES",
    "SAIL",
    "check",
    "children",
    "failures",
    "files_of",
    "peak_bytes",
    "session",
]
