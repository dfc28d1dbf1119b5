"""Canonical names: what is written is read again, and mistakes name the part that cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from botbench.core.canonical_names import parse, write
from botbench.core.errors import UserError

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
OPTIONS = st.from_regex(r"[a-z][a-z_]{0,10}", fullmatch=True)
VALUES = st.one_of(
    st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()
)


@given(NAMES, st.dictionaries(OPTIONS, VALUES, max_size=4))
def test_a_written_name_is_read_again(name, options):
    assert parse(write(name, options.items())) == (name, options)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("constant", ("constant", {})),
        (" one ( ) ", ("one", {})),
        (
            "uniform( n = 20,by='lang', part=a-b )",
            ("uniform", {"n": 20, "by": "lang", "part": "a-b"}),
        ),
        ('x(file="a, b=(c).csv")', ("x", {"file": "a, b=(c).csv"})),
        ("x(at=/data/scores.csv)", ("x", {"at": "/data/scores.csv"})),
        ("x(n=5,)", ("x", {"n": 5})),
    ],
)
def test_what_is_read(text, parsed):
    assert parse(text) == parsed


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("x(n=5", ""),
        ("x(5)", " at '5'"),
        ("x(n)", " at 'n'"),
        ("x(n=)", " at 'n='"),
        ("x(n=1, n=2)", " at 'n=2'"),
        ("x(,)", " at ','"),
        ("x(n=f(1))", r" at 'f\(1\)'"),
        ("x(s='a)", ' at "s=\'a"'),
    ],
)
def test_a_mistake_names_the_part_that_cannot_be_read(text, part):
    with pytest.raises(
        UserError, match=f"The design .* cannot be read{part}; write it like x.n=1."
    ):
        parse(text, "design", "x(n=1)")
