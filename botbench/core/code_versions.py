"""Versions of the code that results depend on: declared revisions, or the syntax tree.

The syntax tree counts where no revision is declared. Formatting, comments, docstrings and type
annotations do not change a version.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any


def normalised(source: str) -> str:
    """The syntax tree of Python source as text, without positions, docstrings and annotations.

    >>> annotated = "def f(x: int) -> int:\\n    'Twice.'\\n    return 2 * x"
    >>> normalised(annotated) == normalised("def f(x): return 2*x  # twice")
    True
    """
    tree = ast.parse(textwrap.dedent(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = _without_strings(node.body)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(tree)


def _without_strings(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a body without docstrings, also those of attributes."""
    return [
        statement
        for statement in body
        if not (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str)
        )
    ]


def of_module(name: str) -> str:
    """sha256 of an imported module's normalised source, or of its name if it has no file."""
    path = getattr(sys.modules.get(name), "__file__", None)
    text = normalised(Path(path).read_text(encoding="utf-8")) if path else name
    return hashlib.sha256(text.encode()).hexdigest()


def of_function(function: Callable[..., Any]) -> str:
    """sha256 of a function's normalised source."""
    return hashlib.sha256(normalised(inspect.getsource(function)).encode()).hexdigest()


def of_class(kind: type) -> str:
    """The class's own declared `revision`, else the hash of its module."""
    declared = vars(kind).get("revision")
    return f"revision {declared}" if isinstance(declared, int) else of_module(kind.__module__)
