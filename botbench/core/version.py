"""The version of botbench, as `pyproject.toml` states it."""

__version__ = "0.2.0"
