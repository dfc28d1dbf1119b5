"""Patterns are accepted exactly where DuckDB runs them."""

import duckdb
import pytest

from botbench.text.patterns import check_expression, check_time_form, groups


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (r"(?<=com/)\w+", "invalid perl operator"),
        (r"(?=x)", "invalid perl operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("(", "missing )"),
        ("[z-a]", "invalid character class range"),
    ],
)
def test_what_re2_refuses_is_refused_with_its_reason(expression, reason):
    with pytest.raises(ValueError, match="a regular expression of RE2") as error:
        check_expression(expression)
    assert reason in str(error.value)
    with pytest.raises(duckdb.Error):
        duckdb.execute("SELECT regexp_extract('x', ?)", [expression])


@pytest.mark.parametrize(
    ("expression", "group"),
    [
        (r"\p{L}+", 0),
        (r"(?i)#(日本|straße)", 1),
        (r"(?:a)b", 0),
        (r"(?P<id>\d+)-(.)", 1),
        ("[(]", 0),
    ],
)
def test_the_group_that_is_taken_is_there(expression, group):
    assert groups(expression) == group


def test_time_forms_are_duckdbs():
    assert check_time_form("%d/%m/%Y %H:%M") == "%d/%m/%Y %H:%M"
    with pytest.raises(ValueError, match="Unrecognized format"):
        check_time_form("%Q")
