"""Pull, sample, annotate, validate, version and release labelled accounts; imports nothing from
benchmarks.
"""

__version__ = "0.1.0"
