"""A detector's name with options: `random-forest(trees=500)`; the same string wherever the detector
is named.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError, unknown

if TYPE_CHECKING:
    from benchmarks.detectors import Spec


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """Name and options of a string. Raises UserError where it cannot be read.

    >>> parse('external(file="scores.csv", threshold=0.4)')
    ('external', {'file': 'scores.csv', 'threshold': 0.4})
    """
    name, bracket, rest = text.strip().partition("(")
    if not bracket:
        return name.strip(), {}
    try:
        call = ast.parse(f"f({rest}", mode="eval").body
        assert isinstance(call, ast.Call) and not call.args
        return name.strip(), {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    except (SyntaxError, ValueError, AssertionError) as error:
        raise UserError(
            f"The detector {text!r} cannot be read; write its options like"
            " random-forest(trees=500)."
        ) from error


def known(spec: Spec) -> dict[str, Any]:
    """The options that a detector takes, with their defaults: its constructor's, but for the seed."""
    parameters = inspect.signature(spec.make).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.name != "random_state" and p.default is not inspect.Parameter.empty
    }


def given(spec: Spec, options: Mapping[str, Any]) -> Spec:
    """The detector with options; those at their default are left out of its name.

    Raises UserError for an unknown option, a value of another type, and a missing option that it
    asks for.
    """
    allowed = known(spec)
    for name, value in options.items():
        if name not in allowed:
            raise unknown(f"option of {spec.name}", name, allowed)
        _check_type(spec, name, value, allowed[name])
    if missing := [name for name in spec.asks if not options.get(name)]:
        example = ", ".join(f'{name}="..."' for name in missing)
        raise UserError(
            f"The detector {spec.name} needs its {' and '.join(missing)}: write"
            f" {spec.name}({example})."
        )
    kept = tuple(
        (name, options[name])
        for name in allowed
        if name in options and options[name] != allowed[name]
    )
    if not kept:
        return spec
    made = replace(
        spec, name=f"{spec.name}({', '.join(f'{k}={_literal(v)}' for k, v in kept)})", options=kept
    )
    return replace(made, threshold=made.fresh().rule() or spec.threshold)


def _check_type(spec: Spec, name: str, value: Any, default: Any) -> None:
    """An option is of its default's type; a whole number may stand where a fraction is meant,
    anything where None is.
    """
    wanted = (int, float) if type(default) is float else type(default)
    if default is not None and (
        not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool)
    ):
        raise UserError(f"{spec.name}: {name} must be {type(default).__name__}, got {value!r}.")


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) and '"' not in value else repr(value)
