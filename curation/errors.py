"""Old name of `botbench.core.errors`; it works in this version and not in the next."""

from botbench.core.moved import moved

moved(__name__, "botbench.core.errors")
