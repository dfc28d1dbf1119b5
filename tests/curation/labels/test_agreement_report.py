"""Agreement reports from the store, by hand computation and on the field's real votes."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from botbench.core.errors import UserError
from curation.annotation.scheme.scheme import Scheme
from curation.store import identity, schema


def say(store, *claims):
    rows = identity.with_claim_ids(store.connection, schema.rows("claims", list(claims)))
    store.append({"claims": rows}, "t", "claims")
    return rows["claim_id"].to_pylist()


def claim(account_id, claimant, answer, minutes=0, **more):
    made_at = datetime(2024, 5, 5, 12, tzinfo=UTC) + timedelta(minutes=minutes)
    return {
        "dataset": "d",
        "account_id": account_id,
        "claimant": claimant,
        "claimant_kind": "person",
        "answer": answer,
        "made_at": made_at,
        **more,
    }


def report(store, reference="d", **options):
    from curation.labels.agreement_report import report as work

    return work(store, reference, Scheme.load(), **options)


def test_latest_standing_answers_count_and_adjudicators_do_not(store):
    (old,) = say(store, claim("1", "p", "bot"))
    say(
        store,
        claim("1", "p", "human", 5, retracts=old),
        claim("1", "q", "human"),
        claim("2", "p", "bot"),
        claim("2", "q", "cannot tell", 1),
        claim("2", "q", "bot", 0),
        claim("3", "p", "bot"),
        claim("3", "q", "human"),
        claim("3", "judge", "human", attributes={"role": "adjudicator"}),
    )
    found = report(store)
    assert (
        found["accounts"],
        found["annotators"],
        found["answers"],
        found["counted"],
        found["cannot_tell"],
    ) == (3, 2, 7, 6, 1)
    assert found["unanimous"] == pytest.approx(1 / 3)
    # Left out, "cannot tell" uncovers what q said before it: human-human, bot-bot, bot-human.
    without = found["without_cannot_tell"]
    assert (without["answers"], without["counted"], without["unanimous"]) == (
        6,
        6,
        pytest.approx(2 / 3),
    )
    # coincidences h-h 2, b-b 2, 1 and 1 off: 1 - 5 * 2 / (2 * 3 * 3) = 4/9
    assert found["alpha"]["nominal_without_cannot_tell"]["value"] == pytest.approx(4 / 9)
    assert found["order"] == ["human", "cannot tell", "bot"]
    assert found["annotators_resampled"]["method"] == "each annotator left out once"


def test_a_batch_and_its_strata(store):
    batch = {
        "batch_id": "b1",
        "dataset": "d",
        "design": "x",
        "seed": 0,
        "population": 2,
        "size": 2,
        "copies": 2,
        "drawn_from": 1,
    }
    store.append(
        {
            "batches": schema.rows("batches", [batch]),
            "assignments": schema.rows(
                "assignments",
                [
                    {
                        "batch_id": "b1",
                        "account_id": a,
                        "copy": c,
                        "stratum": f"s{a}",
                        "inclusion_probability": 1.0,
                    }
                    for a, c in itertools.product("12", (1, 2))
                ],
            ),
        },
        "t",
        "batch",
    )
    say(
        store,
        *(
            claim(a, p, word, batch_id="b1")
            for a, p, word in (
                ("1", "p", "bot"),
                ("1", "q", "bot"),
                ("2", "p", "bot"),
                ("2", "q", "human"),
            )
        ),
        claim("3", "p", "human"),
    )
    found = report(store, "b1")
    assert (found["batch"], found["dataset"], found["accounts"], found["answers"]) == (
        "b1",
        "d",
        2,
        4,
    )
    assert {r["stratum"]: r["unanimous"] for r in found["by"]["stratum"]} == {"s1": 1.0, "s2": 0.0}
    assert {r["batch"]: r["accounts"] for r in report(store)["by"]["batch"]} == {
        "b1": 2,
        "(none)": 1,
    }
    with pytest.raises(UserError, match="Did you mean 'b1'"):
        report(store, "b11")
    with pytest.raises(UserError, match="5 of kind person"):
        report(store, kinds=["model"])


@pytest.mark.data
def test_the_figures_of_the_field(cli, shared_data):
    """FIELD.md, from the real votes through the commands."""
    found = {}
    for name, folder in (
        ("twibot22-experts", "twibot22-annotation"),
        ("twibot22-study-20", "twibot22-annotation"),
        ("twibot22-study-22", "twibot22-annotation"),
        ("vk-2021-answers", "vk-2021"),
    ):
        cli("pull", name, "--from", shared_data / folder)
        found[name] = cli.json("agreement", name)
    experts = found["twibot22-experts"]
    assert (experts["accounts"], experts["annotators"], experts["answers"]) == (1000, 18, 5189)
    assert round(experts["alpha"]["nominal"]["value"], 3) == 0.398 and experts[
        "unanimous"
    ] == pytest.approx(0.649)
    assert experts["alpha"]["nominal"]["low"] < 0.398 < experts["alpha"]["nominal"]["high"]
    first, second = found["twibot22-study-20"], found["twibot22-study-22"]
    assert (first["scale"], first["order"]) == ("0-4", ["0", "1", "2", "3", "4"])
    assert (
        round(first["alpha"]["ordinal"]["value"], 3) == 0.302
        and round(first["alpha"]["nominal"]["value"], 3) == 0.269
    )
    assert round(second["alpha"]["ordinal"]["value"], 3) == 0.171
    assert len(first["annotators_resampled"]["without"]) == 6
    vk = found["vk-2021-answers"]
    assert (vk["answers"], vk["annotators"], vk["without_cannot_tell"]["answers"]) == (
        2877,
        62,
        2434,
    )
    assert round(vk["alpha"]["nominal"]["value"], 3) == 0.247
    assert round(vk["alpha"]["nominal_without_cannot_tell"]["value"], 3) == 0.390
    assert vk["annotators_resampled"]["method"] == "accounts and annotators resampled"
    done = cli("agreement", "twibot22-experts")
    assert "64.9 %" in done.stdout and " .398" in done.stdout
