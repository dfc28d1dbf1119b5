"""Pull, sample, annotate, label, validate, version and release accounts. Imports no benchmarks."""
