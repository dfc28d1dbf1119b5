"""`botbench annotate` as a user runs it, without a server."""

from curation.annotation.assignment.simulate import simulate_export
from curation.store.store import Store


def test_an_export_goes_in_once(cli, make, tmp_path):
    make.accounts({"account_id": "a"}, {"account_id": "b"})
    make.draw(["a", "b"], copies=3)
    file = tmp_path / "export.json"
    simulate_export(make.store, make.batch, file)
    make.store.close()
    assert cli.json("annotate", "import", file) == {
        "claims_added": 6,
        "claims_retracted": 0,
        "rejected": [],
    }
    again = cli("annotate", "import", file)
    assert (
        again.stdout == ""
        and "0 claims added, 0 retracted, 0 annotations rejected: nothing new." in again.stderr
    )
    assert again.stderr.strip().endswith("Next: botbench consensus made-up-7")
    file.write_text(
        file.read_text(encoding="utf-8").replace("cannot tell", "no idea"), encoding="utf-8"
    )
    assert (
        cli.json("annotate", "import", file, code=1)["claims_added"] == 0
    )  # same revisions: said before, and not said otherwise
    with Store(tmp_path / "store") as store:
        assert store.connection.execute(
            "SELECT count(*), count(DISTINCT claimant) FROM lake.main.claims"
        ).fetchone() == (6, 3)


def test_rejected_annotations_are_listed(cli, make, tmp_path):
    make.accounts({"account_id": "a"})
    make.draw(["a"])
    file = tmp_path / "export.json"
    simulate_export(make.store, make.batch, file, annotators=1)
    make.store.close()
    file.write_text(
        file.read_text(encoding="utf-8").replace("cannot tell", "no idea"), encoding="utf-8"
    )
    told = cli("annotate", "import", file, code=1)
    assert "no idea" in told.stdout and "1 annotation rejected" in told.stderr
    assert "1 of the 1 annotation read now cannot be claims." in told.stderr


def test_what_a_user_gets_wrong(cli, make, tmp_path):
    make.store.close()
    assert (
        "cannot be read: No such file"
        in cli("annotate", "import", tmp_path / "none.json", code=2).stderr
    )
    assert (
        "There is no batch in this store"
        in cli("annotate", "import", "x", "--batch", "b", code=2).stderr
    )
    assert (
        "scheme"
        in cli("annotate", "import", "x", "--scheme", tmp_path / "none.yaml", code=2).stderr
    )
    assert (
        "There is no store"
        in cli("--store", tmp_path / "nowhere", "annotate", "status", "--token", "x", code=2).stderr
    )
    for command in ("push", "sync", "status", "import"):
        assert "Examples:" in cli("annotate", command, "--help").stdout
