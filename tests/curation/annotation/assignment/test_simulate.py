"""Simulated annotators: their export goes the way of any other, and they err as often as they were
told to.
"""

import pytest

from curation.annotation.assignment.simulate import simulate_export
from curation.annotation.label_studio import sync_run
from curation.store.schema import rows

ACCOUNTS = 900


@pytest.fixture
def drawn(make):
    names = [f"{n:03}" for n in range(ACCOUNTS)]
    claims = [
        {
            "claim_id": f"c{n}",
            "dataset": make.dataset,
            "account_id": n,
            "claimant": "simulator",
            "claimant_kind": "rule",
            "answer": "bot" if int(n) % 3 == 0 else "human",
        }
        for n in names[:-1]
    ]
    make.store.append({"claims": rows("claims", claims)}, "test", "truth")
    make.draw(names, copies=3)
    return make.store


def test_they_err_as_often_as_they_were_told_to(drawn, tmp_path):
    file = tmp_path / "export.json"
    assert simulate_export(drawn, "b0123456789abcde", file, seed=4) == 3 * ACCOUNTS
    synced = sync_run.sync_file(drawn, file)
    assert (synced.claims_added, synced.claims_retracted, synced.rejected) == (3 * ACCOUNTS, 0, [])
    found = drawn.arrow("""
        SELECT
            c.claimant, t.answer AS truth, count(*) AS n,
            avg((c.answer = t.answer)::INTEGER) AS right,
            count(DISTINCT c.account_id) AS accounts,
            count(*) FILTER (c.answer = 'cannot tell') AS unsure
        FROM lake.main.claims c LEFT JOIN lake.main.claims t
            ON t.account_id = c.account_id AND t.claimant_kind = 'rule'
        WHERE c.claimant_kind = 'person' GROUP BY ALL ORDER BY ALL""").to_pylist()
    assert [(r["claimant"], r["truth"]) for r in found] == [
        (f"simulated-{n}", truth) for n in (1, 2, 3) for truth in ("bot", "human", None)
    ]
    for r in found:
        if r["truth"] is None:
            assert (r["n"], r["unsure"]) == (1, 1)
        else:  # four standard errors of the share
            asked, p = (300, 0.85) if r["truth"] == "bot" else (599, 0.9)
            assert r["n"] == r["accounts"] == asked
            assert r["right"] == pytest.approx(p, abs=4 * (p * (1 - p) / asked) ** 0.5)


def test_the_same_seed_gives_the_same_bytes(drawn, tmp_path):
    files = [tmp_path / name for name in ("a.json", "b.json", "c.json")]
    for file, seed in zip(files, (1, 1, 2), strict=True):
        simulate_export(drawn, "b0123456789abcde", file, seed=seed)
    one, same, other = (f.read_bytes() for f in files)
    assert one == same != other


def test_whoever_never_errs(drawn, tmp_path):
    file = tmp_path / "export.json"
    simulate_export(drawn, "b0123456789abcde", file, sensitivity=1.0, specificity=1.0)
    sync_run.sync_file(drawn, file)
    wrong = drawn.connection.execute(
        """
        SELECT count(*) FROM lake.main.claims c JOIN lake.main.claims t USING (account_id)
        WHERE c.claimant_kind = 'person' AND t.claimant_kind = 'rule' AND c.answer <> t.answer"""
    ).fetchone()
    assert wrong == (0,)
