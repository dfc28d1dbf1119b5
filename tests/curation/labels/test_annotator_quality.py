"""Annotators' figures by hand, warnings only where counts allow, pages that tell nobody else's
figures, VKTT2021's totals.
"""

import numpy as np
import pytest

from botbench.core.errors import UserError
from curation.annotation.scheme.scheme import Scheme
from curation.labels import annotator_pages
from curation.labels.annotator_figures import run_chance, share
from curation.labels.annotator_quality import Gold, quality
from tests.curation.labels.voting import claim, say


def people(store, **options):
    return {r["annotator"]: r for r in quality(store, "d", Scheme.load(), **options)["annotators"]}


def judge(account, answer):
    return claim(account, "boss", answer, 999, attributes={"role": "adjudicator"})


def test_shares_by_hand():
    # Wilson: z² / (3 + z²), z² = 3.8415
    assert {k: round(v, 3) for k, v in share(0, 3).items()} == {
        "value": 0.0,
        "low": 0.0,
        "high": 0.561,
        "n": 3,
    }
    assert share(3, 3)["high"] == 1.0 and share(0, 0)["value"] is None


def test_the_chance_of_a_run_bounds_a_simulation():
    rng = np.random.default_rng(0)
    said = rng.random((4000, 30)) < 0.7
    longest = np.array(
        [max(len(r) for r in "".join("01"[int(v)] for v in row).split("0")) for row in said]
    )
    seen = (longest >= 15).mean()
    assert seen <= run_chance(15, 30, 0.7) <= 1.5 * seen


def test_on_gold_by_hand(store):
    gold = {str(i): "bot" if i < 4 else "human" for i in range(10)}
    say(store, *(judge(a, word) for a, word in gold.items()))
    # p: three of four bots (one cannot tell does not count against), five of six humans; later
    # answers count.
    said = {"0": "bot", "1": "bot", "2": "human", "3": "cannot tell", "4": "bot"}
    say(
        store,
        *(claim(a, "p", said.get(a, "human"), int(a)) for a in gold),
        claim("4", "p", "organisation", 50),
    )
    p = people(store)["p"]
    assert (p["sensitivity"]["value"], p["sensitivity"]["n"]) == (pytest.approx(2 / 3), 3)
    assert (p["specificity"]["value"], p["specificity"]["n"]) == (1.0, 6)
    assert (p["answers"], p["accounts"], p["cannot_tell"]) == (11, 10, pytest.approx(1 / 11))
    assert p["warnings"] == [], "three gold bots are too few to judge"


def test_agreement_with_the_rest_by_hand(store):
    say(
        store,
        *(claim("1", p, w) for p, w in (("p", "bot"), ("q", "bot"), ("r", "human"))),
        *(claim("2", p, w) for p, w in (("p", "bot"), ("q", "bot"))),
        claim("3", "p", "bot"),
    )
    found = people(store)
    assert (
        found["p"]["with_others"]["value"] == pytest.approx((0.5 + 1) / 2)
        and found["p"]["with_others"]["n"] == 2
    )
    assert found["r"]["with_others"]["value"] == 0.0


def test_who_is_worse_than_a_coin_fast_monotonous_copying_and_drifting_is_named(store):
    rng = np.random.default_rng(1)
    truth = ["bot" if rng.random() < 0.5 else "human" for _ in range(60)]
    other = {"bot": "human", "human": "bot"}
    say(store, *(judge(str(i), t) for i, t in enumerate(truth)))
    note = "reposts the same link every ten minutes"
    for i, t in enumerate(truth):
        good = t if i % 10 else other[t]
        say(
            store,
            claim(str(i), "good", good, i, lead_time_s=30.0, note=f"{note} {i}" if i < 5 else None),
            claim(str(i), "contrary", t if i % 7 == 0 else other[t], i, lead_time_s=30.0),
            claim(
                str(i),
                "lazy",
                "human",
                i + 100,
                lead_time_s=2.0,
                note=f"{note.upper()}  {i}" if i < 5 else None,
            ),
            claim(str(i), "tired", t if i < 30 or i % 2 else other[t], i, lead_time_s=31.0),
        )
    found = people(store)
    assert found["good"]["warnings"] == []
    assert (
        len(found["contrary"]["warnings"]) == 2
        and "worse than a coin" in found["contrary"]["warnings"][0]
    )
    lazy = " ".join(found["lazy"]["warnings"])
    assert "at most 2 s" in lazy and "5 of 5 notes" in lazy and "gold bots, 0 % of" in lazy
    assert "60 answers in a row" not in lazy, (
        "somebody who only ever says human has no run that their own share does not explain"
    )
    assert found["tired"]["drift"]["basis"] == "gold"
    assert found["tired"]["drift"]["earlier"] == 1.0 and found["tired"]["drift"]["later"] == 0.5
    assert "went from 100 % to 50 %" in " ".join(found["tired"]["warnings"])


def test_a_long_run_is_remarked_on(store):
    say(
        store,
        *(
            claim(str(i), "p", "bot" if 10 <= i < 40 else ("bot", "human")[i % 2], i)
            for i in range(100)
        ),
    )
    found = people(store)["p"]
    assert (
        found["run"]["answer"] == "bot"
        and found["run"]["length"] in (30, 31)
        and "answers in a row" in found["warnings"][0]
    )


def test_private_pages_hold_nobody_elses_figures(store, tmp_path):
    say(
        store,
        *(judge(str(i), "bot") for i in range(12)),
        *(
            claim(str(i), f"person-{j}", "bot" if (i + j) % 3 else "human", i, note="<b>odd</b>")
            for i in range(12)
            for j in range(6)
        ),
    )
    document = quality(store, "d", Scheme.load())
    pages = annotator_pages.write(tmp_path / "pages", document)
    texts = {name: path.read_text() for name, path in pages["annotators"].items()}
    for name, text in texts.items():
        assert name in text and not any(other in text for other in texts if other != name)
        assert (
            "http:" not in text
            and "https:" not in text
            and "src=" not in text
            and "<script" not in text
            and "<b>" not in text
        )
    lead = pages["lead"].read_text()
    assert (
        all(name in lead and path.name in lead for name, path in pages["annotators"].items())
        and "<script" not in lead
    )
    assert annotator_pages.write(tmp_path / "again", document)["lead"].read_text() == lead


def test_errors(store):
    say(store, claim("1", "p", "bot", attributes={"truth": "BOT", "size": "big"}))
    found = quality(store, "d", Scheme.load(), gold=Gold("truth"), by="size")
    assert found["by"] == {"size": [{"value": "big", "right": 1, "wrong": 0, "undecided": 0}]}
    with pytest.raises(UserError, match="size, truth"):
        quality(store, "d", Scheme.load(), gold=Gold("truth"), by="sise")
    with pytest.raises(UserError, match="no data set with claims"):
        quality(store, "e", Scheme.load())


@pytest.mark.data
def test_vktt2021(cli, shared_data):
    """FIELD.md: of 2,434 judging answers 1,585 right, 849 wrong; LOW 245/48, MID 413/110, HIGH
    116/168, LIVE 232/179.
    """
    cli("pull", "vk-2021-answers", "--from", shared_data / "vk-2021")
    found = cli.json("quality", "vk-2021-answers", "--gold", "truth", "--by", "quality")
    right = {r["value"]: (r["right"], r["wrong"]) for r in found["by"]["quality"]}
    assert right.pop("(none)") == (
        1585 - 245 - 413 - 116 - 232,
        849 - 48 - 110 - 168 - 179,
    ), "humans have no quality"
    assert right == {"LOW": (245, 48), "MID": (413, 110), "HIGH": (116, 168), "LIVE": (232, 179)}
    assert len(found["annotators"]) == 62 and len(found["pages"]["annotators"]) == 62
    assert "accounts" in cli("quality", "vk-2021-answers", "--gold", "truth").stdout
