"""Old name of `benchmarks.data.accounts`; it works in this version and not in the next."""

from botbench.core.moved import moved

moved(__name__, "benchmarks.data.accounts")
