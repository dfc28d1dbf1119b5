"""A corrected card replaces what the old one made of the same files: rows, and claims retracted."""

import pytest

from curation.store.retractions import standing_claims

FILE = {"a.csv": b"id,label,date\n1,b,03/04/2020\n2,h,05/06/2020\n3,,07/08/2020\n4,b,x\n"}


def options(otherwise=None, time="%m/%d/%Y", codes=("b",)):
    answer = {"column": "label", "codes": dict.fromkeys(codes, "bot"), "optional": True}
    return {
        "accounts": {"account_id": "id", "created_at": {"column": "date", "time": time}},
        "claims": {"answer": answer | ({"otherwise": otherwise} if otherwise else {})},
    }


def standing(store):
    claims = standing_claims("lake.main.claims")
    return store.connection.execute(
        f"SELECT account_id, answer FROM {claims} ORDER BY ALL"
    ).fetchall()


def dates(store):
    return store.connection.execute(
        "SELECT account_id, created_at::DATE::VARCHAR FROM lake.main.accounts ORDER BY 1"
    ).fetchall()


@pytest.fixture
def pulled(written, store):
    """Pull the file by a card with these options."""
    shown = []

    def run(*args, **kwargs):
        result = written(FILE, options(*args, **kwargs)).pull(store, show=shown.append)
        return result, (shown.pop() if shown else None)

    return run


def test_rows_are_replaced_and_claims_retracted_in_one_version(pulled, store):
    """The first card took months for days and every other label for human."""
    first, nothing = pulled("human", codes=("h",))
    assert nothing is None
    assert standing(store) == [("1", "human"), ("2", "bot"), ("4", "human")]
    second, shown = pulled("human", time="%d/%m/%Y")
    assert shown.direct == (first.pull_id,)
    assert shown.changes == {
        "accounts": {"added": 0, "removed": 0, "changed": 3, "same": 0},
        "claims": {"added": 3, "removed": 3, "changed": 0, "same": 0},
    }
    assert second.version == first.version + 1 and not second.unchanged
    assert second.tables["accounts"]["kept"] == 3
    assert [r["reason"] for r in second.reasons] == ["bad_time"]
    assert standing(store) == [("1", "bot"), ("2", "human"), ("4", "bot")]
    assert dates(store) == [("1", "2020-04-03"), ("2", "2020-06-05"), ("3", "2020-08-07")]
    assert second.totals["claims"] == {"dataset": {"bot": 2, "human": 1}}
    assert second.totals["conflicts"] == {"dataset": 0}
    assert second.notes["supersedes"].startswith("It replaces 1 pull of the same files")
    before = store.connection.execute(
        f"SELECT count(*) FROM lake.main.claims AT (VERSION => {first.version})"
    ).fetchone()
    assert before == (3,)


def test_a_claim_that_both_cards_make_stands(pulled, store):
    pulled("human")
    _, shown = pulled("human", time="%d/%m/%Y")
    assert shown.changes["claims"] == {"added": 0, "removed": 0, "changed": 0, "same": 3}
    assert standing(store) == [("1", "bot"), ("2", "human"), ("4", "bot")]
    assert store.scalar("SELECT count(*) FROM lake.main.claims WHERE retracts IS NOT NULL") == 0


def test_back_to_the_first_card_and_forth_again(pulled, store):
    """Each time its own claims stand, though the claims' ids are the same."""
    first, _ = pulled("human")
    second, _ = pulled(codes=("b", "h"))
    assert standing(store) == [("1", "bot"), ("2", "bot"), ("4", "bot")]
    third, shown = pulled("human")
    assert shown.direct == (second.pull_id,) and third.pull_id != first.pull_id
    assert standing(store) == [("1", "bot"), ("2", "human"), ("4", "bot")]
    fourth, _ = pulled(codes=("b", "h"))
    assert standing(store) == [("1", "bot"), ("2", "bot"), ("4", "bot")]
    again, shown = pulled(codes=("b", "h"))
    assert again.unchanged and again.pull_id == fourth.pull_id and shown is None


def test_other_files_under_another_card_supersede_nothing(written, store):
    card = {"accounts": {"account_id": "id"}}
    written({"a.csv": b"id\n1\n"}, card).pull(store)
    shown = []
    written({"b.csv": b"id\n2\n"}, card).pull(store, show=shown.append)
    assert shown == []
    assert store.scalar("SELECT count(*) FROM lake.main.accounts") == 2


def test_a_superseded_pull_passes_validation(pulled, store):
    from curation.validation.run import validate

    pulled("human", time=["%m/%d/%Y", "x"])
    pulled("human", time="%d/%m/%Y")
    result = validate(store, "made")
    pulls = next(s for s in result.suites if s.name == "pulls")
    assert pulls.failures == () and pulls.errors == ()
