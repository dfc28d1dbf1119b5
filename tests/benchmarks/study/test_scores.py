"""A detector's scores and evidence from files that somebody else wrote."""

import duckdb
import pytest

from benchmarks.study.campaign import load as campaigns
from benchmarks.study.campaign.definition import Detector
from benchmarks.study.data import scores
from benchmarks.study.data.detector_evidence import evidence
from benchmarks.study.data.frame import Frame
from botbench.core.errors import UserError


@pytest.fixture
def relation(tmp_path):
    """The rows of `scores.relation` for a file of this name and content."""

    def rows(name, content):
        (tmp_path / name).write_bytes(content)
        with duckdb.connect() as connection:
            detector = Detector(scores=tmp_path / name)
            given = scores.relation(connection, detector)
            return connection.execute(f"FROM {given} ORDER BY account_id").fetchall()

    return rows


def test_ids_stay_text_and_several_rows_of_one_account_are_averaged(relation):
    content = (
        b"account_id,note,p_bot,threshold\r\n007,a,0.2,0.4\n7,b,0.5,0.4\r7,c,1,0.4\n8,d,,0.4\n"
    )
    assert relation("s.csv", content) == [
        ("007", 0.2, 0.4),
        ("7", 0.75, 0.4),
        ("8", None, 0.4),
    ]


def test_without_a_threshold_it_is_a_half(relation):
    assert relation("s.tsv", b"account_id\tp_bot\n1\t0.25\n") == [("1", 0.25, 0.5)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"account_id,p_bot\n1,high\n", "'high'.* Expected numbers in p_bot and threshold"),
        (b"account_id,p_bot\n1,1.5\n2,0.5\n", "1 values of p_bot .* not between 0 and 1"),
        (b"id,score\n1,0.5\n", "has no column account_id, p_bot; it has id, score"),
        (b"", "has no header"),
        (b"account_id,p_bot\n1,0.5,2\n", "cannot be read: .*line 2: 2 columns expected"),
        (b"account_id,p_bot,p_bot\n1,0.5,2\n", "the column p_bot more than once"),
    ],
)
def test_a_file_that_is_no_table_of_scores_is_a_sentence(relation, content, said):
    with pytest.raises(UserError, match=rf"(?s)^detector\.scores: .*{said}"):
        relation("s.csv", content)


def test_a_damaged_parquet_file_is_a_sentence(relation):
    with pytest.raises(UserError, match=r"^detector\.scores: .*s\.parquet cannot be read"):
        relation("s.parquet", b"PAR1")


@pytest.fixture
def evidence_of(campaign, opened):
    """The evidence of a campaign file that names a CSV file with this content."""

    def read(content):
        path = campaign(detector={"scores": "scores.parquet", "evidence": "e.csv"})
        (campaign.home / "e.csv").write_bytes(content)
        return evidence(Frame(opened, campaigns.load(path), 1))

    return read


@pytest.mark.parametrize(
    ("content", "thresholds"),
    [
        (b"p_bot,label\r\n0.9,bot\n0.2,Human\n", [0.5, 0.5]),
        (b"threshold,p_bot,y\n0.3,0.9,1\n,0.2,0\n", [0.5, 0.3]),
    ],
)
def test_evidence_is_read_from_csv_too(evidence_of, content, thresholds):
    found = evidence_of(content)
    assert (found.score.tolist(), found.y.tolist()) == ([0.2, 0.9], [0.0, 1.0])
    assert found.threshold.tolist() == thresholds


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"p_bot,y\nhigh,1\n0.2,0\n", "'high'.* Expected numbers in p_bot and threshold"),
        (b"p_bot,y\n", "holds one class only"),
        (b"score\n1\n", "needs the columns p_bot and label .*; it has score"),
    ],
)
def test_evidence_that_cannot_be_used_is_a_sentence(evidence_of, content, said):
    with pytest.raises(UserError, match=rf"(?s)^detector\.evidence: .*{said}"):
        evidence_of(content)
