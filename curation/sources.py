"""Old name of `curation.ingest.sources`; it works in this version and not in the next."""

from botbench.core.moved import moved

moved(__name__, "curation.ingest.sources")
