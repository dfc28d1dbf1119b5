"""What changes the version of code that declares no revision, and what does not."""

import pytest

from botbench.core.code_versions import normalised, of_class, of_module

SOURCE = '''
LIMIT = 3
"""How many at most."""


def f(x: int) -> int:
    """Twice."""
    return 2 * x
'''


@pytest.mark.parametrize(
    "same",
    [
        SOURCE.replace("How many at most.", "The limit."),
        SOURCE.replace('    """Twice."""\n', ""),
        SOURCE.replace("x: int) -> int", "x)"),
        SOURCE.replace("2 * x", "2*x  # doubled"),
    ],
)
def test_words_format_and_annotations_do_not_count(same):
    assert same != SOURCE and normalised(same) == normalised(SOURCE)


@pytest.mark.parametrize("other", [SOURCE.replace("3", "4"), SOURCE.replace("2 * x", "3 * x")])
def test_what_is_computed_counts(other):
    assert normalised(other) != normalised(SOURCE)


def test_a_class_is_known_by_the_revision_in_its_own_body():
    declared = type("Declared", (), {"revision": 2, "__module__": __name__})
    inherited = type("Inherited", (declared,), {"__module__": __name__})
    assert of_class(declared) == "revision 2"
    assert of_class(inherited) == of_module(__name__)
