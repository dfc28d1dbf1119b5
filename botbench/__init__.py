"""Make labelled data sets of bot and human accounts, and benchmark bot detectors on them.

    import botbench as bb

Importing it loads nothing: each name below is loaded from `botbench.api` when it is first used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from botbench.api.score import Scores as Scores
    from botbench.api.score import score as score
    from botbench.core.errors import UserError as UserError
    from botbench.core.version import __version__ as __version__

_HOMES = {
    "Scores": "botbench.api.score",
    "UserError": "botbench.core.errors",
    "__version__": "botbench.core.version",
    "score": "botbench.api.score",
}
"""The module that each public name is loaded from."""

__all__ = [  # noqa: PLE0604, the names are those of the table
    *_HOMES
]


def __getattr__(name: str) -> object:
    """A public name, loaded when it is first used; AttributeError with the closest name."""
    from importlib import import_module

    if name not in _HOMES:
        if name.startswith("__"):
            raise AttributeError(f"module 'botbench' has no attribute {name!r}")
        from difflib import get_close_matches

        close = get_close_matches(name, _HOMES, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise AttributeError(f"module 'botbench' has no attribute {name!r}.{hint}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, also those not loaded yet."""
    return sorted({*globals(), *_HOMES})
