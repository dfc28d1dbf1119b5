"""Old name of `curation.store.schema`; it works in this version and not in the next."""

from botbench.core.moved import moved

moved(__name__, "curation.store.schema")
