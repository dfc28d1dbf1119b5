"""Old name of `curation.sampling.designs`; it works in this version and not in the next."""

from botbench.core.moved import moved

moved(__name__, "curation.sampling.designs")
