"""The table audit: by hand, on planted rows, and on TwiBot-22's published tables."""

import json
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.audits import published, table
from benchmarks.reproductions import published_table
from botbench.core.errors import UserError


def audited(*rows, percent=False, tolerance=0.01):
    names = list(dict.fromkeys(["method", "dataset", *(n for r in rows for n in r)]))
    filled = [
        {"method": f"m{i}", "dataset": "d", **{k: str(v) for k, v in r.items()}}
        for i, r in enumerate(rows)
    ]
    return table.audit(published.of(filled, names, percent=percent), tolerance)


def matrix(tp, fp, fn, tn, places=17):
    """Every score of one confusion matrix, rounded."""
    n = tp + fp + fn + tn
    p, r = tp / (tp + fp), tp / (tp + fn)
    spread = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    scores = {
        "accuracy": (tp + tn) / n,
        "balanced_accuracy": (r + tn / (tn + fp)) / 2,
        "precision": p,
        "recall": r,
        "f1": 2 * p * r / (p + r),
        "mcc": (tp * tn - fp * fn) / spread if spread else 0,
    }
    return {"n": n, "bots": tp + fn, **{k: round(v, places) for k, v in scores.items()}}


def test_abreu_on_twibot22_by_hand():
    """P 50.92, R 11.73: 2 * 50.92 * 11.73 / 62.65 = 19.07; 53.44 lies above, where no average over
    runs can be.
    """
    (issue,) = audited({"precision": 50.92, "recall": 11.73, "f1": 53.44}, percent=True)
    assert (issue.row, issue.check, issue.published, issue.possible) == (1, "f1", 53.44, False)
    assert issue.implied == pytest.approx(19.07, abs=0.005)
    assert issue.difference == pytest.approx(34.37, abs=0.005)
    assert any("macro" in why for why in issue.explanations)


def test_a_mean_of_f1_below_the_f1_of_the_means_can_be_and_one_below_p_plus_r_minus_one_cannot():
    """Two runs (1, .5) and (.5, 1): F1 2/3 each, means .75 and .75, F1 of the means .75. Below .75
    + .75 - 1 = .5 is nothing.
    """
    (averaged,) = audited({"precision": 0.75, "recall": 0.75, "f1": round(2 / 3, 4)})
    assert averaged.possible and any("averaged over runs" in why for why in averaged.explanations)
    (nothing,) = audited({"precision": 0.75, "recall": 0.75, "f1": 0.4})
    assert not nothing.possible


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)), min_size=1, max_size=5))
@example(runs=[(0.125, 0.5)] * 3)
def test_no_average_of_runs_is_called_impossible(runs):
    p, r = (sum(x) / len(runs) for x in zip(*runs, strict=True))
    mean = sum(2 * a * b / (a + b) for a, b in runs) / len(runs)
    assert all(
        issue.possible for issue in audited({"precision": p, "recall": r, "f1": mean}, tolerance=0)
    )


@settings(max_examples=400, deadline=None)
@given(st.tuples(*[st.integers(1, 400)] * 4), st.integers(2, 6))
def test_a_true_table_has_no_issue(counts, places):
    assert audited(matrix(*counts, places=places)) == []


def test_macro_f1_is_named_where_it_fits():
    """TP 50, FP 50, FN 50, TN 850: F1 of bots .5, of humans 850/900 = .9444, macro .7222."""
    row = matrix(50, 50, 50, 850) | {"f1": 0.7222}
    (issue,) = audited(row)
    assert not issue.possible
    assert issue.explanations[0].startswith(
        "F1 is the macro average over both classes, which would be .7222"
    )


def test_values_bounds_and_counts_that_cannot_be():
    found = audited(
        {"accuracy": 1.2},
        {"mcc": -1.01},
        {"accuracy": 0.8, "accuracy_low": 0.4, "accuracy_high": 1.1678},
        {"recall": 0.9, "recall_low": 0.2, "recall_high": 0.4},
        {"recall": 0.5, "recall_low": 0.7, "recall_high": 0.4},
        {"n": 100, "bots": 120, "recall": 0.5},
        {"n": 10.5, "bots": -1, "recall": 0.5},
    )
    assert [(i.row, i.check, i.score, i.possible) for i in found] == [
        (1, "value", "accuracy", False),
        (2, "value", "mcc", False),
        (3, "interval", "accuracy", False),
        (4, "interval", "recall", False),
        (5, "interval", "recall", False),
        (6, "counts", "bots", False),
        (7, "counts", "n", False),
        (7, "counts", "bots", False),
    ]
    assert (found[2].published, found[2].implied) == (1.1678, 1)


def test_accuracy_at_the_stated_share_of_bots():
    """n 1,000, 100 bots, P .8, R .5: TP 50, FP 12.5, accuracy 1 - .05 - .0125 = .9375; above .1 *
    .5 + .9 = .95 is nothing.
    """
    base = {"n": 1000, "bots": 100, "precision": 0.8, "recall": 0.5}
    assert audited(base | {"accuracy": 0.9375}) == []
    (averaged,) = audited(base | {"accuracy": "0.9000"})
    assert (averaged.check, averaged.implied, averaged.possible) == ("accuracy", 0.9375, True)
    (nothing,) = audited(base | {"accuracy": 0.99})
    assert not nothing.possible


def test_a_swapped_positive_class_is_found():
    """One row of four gives precision and recall of the humans; the other three say 20 % bots."""
    true = [
        matrix(*c, places=4)
        for c in ((160, 40, 40, 760), (150, 30, 50, 770), (120, 10, 80, 790), (180, 90, 20, 710))
    ]
    swapped = matrix(700, 20, 100, 180, places=4)
    found = audited(
        *({k: r[k] for k in ("accuracy", "precision", "recall", "f1")} for r in (*true, swapped))
    )
    assert {(i.row, i.check) for i in found} == {(5, "accuracy"), (5, "positive class")}
    assert all(any("positive class is swapped" in why for why in i.explanations) for i in found)


def test_a_precision_below_calling_everybody_a_bot():
    """100 of 1,000 are bots: whoever finds half of them cannot have a precision below 50 / 950 =
    .0526.
    """
    base = {"n": 1000, "bots": 100, "recall": 0.5}
    assert audited(base | {"precision": 0.06}) == []
    (averaged,) = audited(base | {"precision": 0.0505, "f1": 0.0917})
    assert (averaged.check, averaged.possible) == ("precision", True)
    (nothing,) = audited(base | {"precision": 0.03})
    assert not nothing.possible


def test_auc_against_the_point_that_is_known():
    """R .5, FPR 12.5/900: the AUC lies between .5 * .986 = .493 and 1 - .0139 * .5 = .993."""
    base = {"n": 1000, "bots": 100, "precision": 0.8, "recall": 0.5}
    assert audited(base | {"auc": 0.9}) == []
    (issue,) = audited(base | {"auc": 0.4})
    assert (issue.check, issue.implied) == ("auc", pytest.approx(0.49306, abs=1e-5))


def test_rounding_is_no_issue_and_a_tolerance_of_none_shows_what_rounding_cannot_explain():
    assert (
        audited({"precision": 0.6, "recall": 0.7, "f1": 0.7}) == []
    )  # one place: .6 and .7 may be .65 and .75, F1 .696
    assert audited({"precision": 0.6000, "recall": 0.7000, "f1": 0.6512}) == []
    (strict,) = audited({"precision": 0.60001, "recall": 0.70001, "f1": 0.6512}, tolerance=0)
    assert strict.check == "f1"


def test_a_fraction_among_percentages_is_named():
    (issue,) = audited({"precision": 1.0, "recall": 61.21, "f1": 75.93}, percent=True)
    assert any("fraction among percentages" in why for why in issue.explanations)


def test_twibot22_the_figures_of_the_field():
    """Of 187 cells 14 have an F1 over a point off, 6 above; one accuracy bound is 116.78; about a
    quarter of the accuracies.
    """
    read = published.read(published_table("twibot22-readme"), percent=True)
    found = table.audit(read)
    f1 = [i for i in found if i.check == "f1"]
    assert len(f1) == 14 and sum(not i.possible for i in f1) == 6
    assert [(i.published, i.method) for i in found if i.check == "interval"] == [
        (116.78, "SimpleHGN")
    ]
    both = int(
        (read.score("accuracy") == read.score("accuracy"))
        @ (read.score("f1") == read.score("f1")).astype(int)
    )
    assert (both, sum(i.check == "accuracy" for i in found)) == (178, 46)
    swapped = {(i.method, i.dataset) for i in found if i.check == "positive class"}
    assert {
        (m, d) for m in ("RoBERTa", "T5") for d in ("Cresci-2015", "Cresci-2017", "Twibot-20")
    } <= swapped


def test_the_command(cli, tmp_path):
    (tmp_path / "scores.csv").write_text(
        "Method,dataset,precision,recall,F1,note\na,d,.5092,.1173,.5344,x\nb,d,0.5,0.5,0.5,\n"
    )
    found = cli.json("audit", "table", "scores.csv", code=1)
    assert found["values"] == 6 and found["ignored_columns"] == ["note"]
    (issue,) = found["issues"]
    assert {
        "row",
        "check",
        "published",
        "implied",
        "difference",
        "possible",
        "explanations",
    } <= set(issue)
    assert "53.44" in cli("audit", "table", "twibot22-readme", "--percent", code=1).stdout
    (tmp_path / "clean.csv").write_text("method,dataset,precision,recall,f1\nb,d,0.5,0.5,0.5\n")
    assert cli.json("audit", "table", "clean.csv")["issues"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("method,dataset,f1\na,d,hello\nb,d,1;2\n", ["row 1, f1", "row 2, f1"]),
        ("method,f1\na,1\n", ["no column 'dataset'"]),
        ("method,dataset\na,d\n", ["no score"]),
        ("", ["empty"]),
        ("method,dataset,f1,f1\na,d,1,1\n", ["twice"]),
        ('method,dataset,f1\na,d,1\n\n"b,d,1\nc,d,1\n', ["line 4", "not closed"]),
        ("method,dataset,f1\na,d,1,\nb,d,1,2\n", ["line 3: the row has 4 fields, the header 3"]),
    ],
)
def test_bad_tables_are_sentences(tmp_path, text, said):
    file = tmp_path / "t.csv"
    file.write_text(text)
    with pytest.raises(UserError) as raised:
        published.read(file)
    assert all(s in str(raised.value) for s in said)


@pytest.mark.parametrize(
    ("separator", "end"), [(",", "\r\n"), (";", "\n"), ("\t", "\r"), ("|", "\n")]
)
def test_a_table_may_have_any_separator_and_line_ends(tmp_path, separator, end):
    file = tmp_path / "t.csv"
    lines = [("method", "dataset", "f1"), ("a, b", "d", "0.25"), ("c", "d", "")]
    text = end.join(separator.join(f'"{cell}"' for cell in line) for line in lines)
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    found = published.read(file)
    assert (found.method, found.dataset) == (("a, b", "c"), ("d", "d"))
    assert found.values == 1 and found.value["f1"][0] == 0.25


def test_a_data_set_has_one_share_of_bots_however_its_name_is_written():
    """Four right rows with 20 % bots under four forms of the name, and one accuracy that is off."""
    right = [matrix(8, 4, 2, 36), matrix(6, 2, 4, 38), matrix(9, 9, 1, 31), matrix(7, 1, 3, 39)]
    names = ["Midterm-2018", "midterm-2018", "midterm 2018", "MIDTERM_2018"]
    kept = ("precision", "recall", "accuracy")
    rows = [{"dataset": d} | {k: m[k] for k in kept} for d, m in zip(names, right, strict=True)]
    rows.append({"dataset": "midterm-2018"} | {k: right[0][k] for k in kept} | {"accuracy": 0.6})
    (issue,) = audited(*rows)
    assert (issue.row, issue.check, issue.published) == (5, "accuracy", 0.6)
    assert issue.implied == pytest.approx(0.88, abs=0.001), "(8 + 36) / 50"
    assert issue.dataset == "midterm-2018", "as it was printed"


def test_rows_that_are_equal_in_all_figures_are_named():
    one = matrix(8, 4, 2, 36, places=4)
    other = matrix(7, 1, 3, 39, places=4)
    rows = [
        {"method": "Knauth", "dataset": "a", **one},
        {"method": "Wei", "dataset": "a", **other},
        {"method": "knauth", "dataset": "A", **one},
        {"method": "Wei", "dataset": "b", **other},
        {"method": "Lee", "dataset": "a", **one},
        {"method": "Two figures", "dataset": "a", "f1": 0.5, "recall": 0.5},
        {"method": "Two more", "dataset": "a", "f1": 0.5, "recall": 0.5},
    ]
    found = [i for i in audited(*rows) if i.check == "equal rows"]
    assert [(i.row, i.possible, i.explanations) for i in found] == [
        (3, True, ["equal in all 6 figures to row 1", "Knauth on a stands there twice"]),
        (
            4,
            True,
            [
                "equal in all 6 figures to row 2",
                "a row of Wei on a that was copied to another data set",
            ],
        ),
        (
            5,
            True,
            [
                "equal in all 6 figures to row 1",
                "a copy of Knauth on a, or two methods that answer the same for every account",
            ],
        ),
    ]


def test_json_is_plain():
    found = audited({"accuracy": 1.2})
    assert json.loads(json.dumps([vars(i) for i in found]))[0]["possible"] is False
