"""A batch's answers as a file for a spreadsheet."""

import csv

from curation.store.identity import with_claim_ids
from curation.store.schema import rows


def test_the_answers_that_stand_and_a_note_that_runs_nothing(cli, make, tmp_path):
    make.accounts({"account_id": "1"}, {"account_id": "2"})
    batch = make.draw(["1", "2"])
    said = {
        "dataset": make.dataset,
        "claim_id": "",
        "claimant": "annotator-1",
        "claimant_kind": "person",
        "batch_id": batch,
        "answer": "bot",
        "kinds": ["spam", "other"],
        "note": "=cmd|'/c calc'!A1",
    }
    claims = with_claim_ids(
        make.store.connection,
        rows("claims", [{**said, "account_id": "1"}, {**said, "account_id": "2"}]),
    )
    second = claims.filter([account == "2" for account in claims["account_id"].to_pylist()])[
        "claim_id"
    ][0].as_py()
    back = with_claim_ids(
        make.store.connection,
        rows(
            "claims",
            [
                {
                    **said,
                    "account_id": "2",
                    "answer": None,
                    "kinds": None,
                    "note": None,
                    "retracts": second,
                }
            ],
        ),
    )
    make.store.append({"claims": claims}, "test", "said")
    make.store.append({"claims": back}, "test", "taken back")
    make.store.close()
    document = cli.json("answers", "--csv", tmp_path / "a.csv")
    assert document == {"batch_id": batch, "rows": 1, "file": str(tmp_path / "a.csv")}
    with (tmp_path / "a.csv").open(newline="") as handle:
        [row] = csv.DictReader(handle)
    assert (row["account_id"], row["kinds"], row["note"]) == (
        "1",
        "spam; other",
        "'=cmd|'/c calc'!A1",
    )
