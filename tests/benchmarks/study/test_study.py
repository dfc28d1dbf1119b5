"""Studies of a simulated campaign of which the truth is known: exact where everybody is labelled,
honest where little is.
"""

import csv
import json
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.study.questions import Overview
from benchmarks.study.report import report
from botbench.core.errors import UserError
from botbench.stats.proportions import normal_quantile, wilson
from botbench.stats.survey import ALONE
from curation.store.schema import rows

KEYS = {
    "quantity",
    "group",
    "method",
    "value",
    "low",
    "high",
    "naive",
    "n_labelled",
    "n_bots_labelled",
    "assumptions",
}


def default(document, quantity, group=None):
    return next(
        e
        for e in document["estimates"]
        if (e["quantity"], e["group"]) == (quantity, group) and e["default"]
    )


def true_shares(store, where="true", join=""):
    return store.connection.execute(f"""
        WITH t AS (
            SELECT account_id, bool_or(answer = 'bot')::DOUBLE AS bot
            FROM lake.main.claims WHERE claimant = 'simulator' GROUP BY 1),
        p AS (
            SELECT account_id, count(*) AS n, count(*) FILTER (kind = 'repost') AS r
            FROM lake.main.posts WHERE {where} GROUP BY 1)
        SELECT avg(bot), sum(bot * coalesce(n, 0)) / sum(n), sum(bot * coalesce(r, 0)) / sum(r)
        FROM t {join} LEFT JOIN p USING (account_id)""").fetchone()


def test_with_everybody_labelled_the_answer_is_the_truth(study, campaign, opened):
    _, document = study(campaign(sample=campaign.batches["all"]))
    for quantity, share in zip(("accounts", "posts", "reposts"), true_shares(opened), strict=True):
        found = default(document, f"share of {quantity}")
        assert (found["value"], found["low"], found["high"]) == (
            pytest.approx(share, abs=1e-6),
        ) * 3
    assert document["truth"]["share of posts"] == pytest.approx(true_shares(opened)[1], abs=1e-6)


def test_a_window_and_hashtags_choose_accounts_and_posts(study, campaign, opened):
    where = (
        "list_contains(list_transform(hashtags, lambda t: lower(t)), 'walkaway') AND created_at >="
        " '2018-06-28' AND created_at < '2018-07-01'"
    )
    _, document = study(
        campaign(
            sample=campaign.batches["all"],
            hashtags=["#WalkAway"],
            window={"from": date(2018, 6, 28), "to": "2018-07-01T00:00:00"},
        )
    )
    counted = f"SELECT count(*), count(DISTINCT account_id) FROM lake.main.posts WHERE {where}"
    n, posters = opened.connection.execute(counted).fetchone()
    assert (document["accounts"], document["posts"]) == (posters, n)
    assert default(document, "share of posts")["value"] == pytest.approx(
        true_shares(opened, where)[1], abs=1e-6
    )
    assert any("outside the window" in note for note in document["notes"])


def test_a_sample_gives_the_contract_and_the_naive_count(study, campaign, opened, made):
    _, document = study(campaign())
    assert set(document["estimates"][0]) >= KEYS and {
        "campaign",
        "accounts",
        "posts",
        "refused",
        "report",
    } <= set(document)
    accounts = default(document, "share of accounts")
    assert (
        document["estimates"][0] == accounts and accounts["method"] == "prediction-powered (PPI++)"
    )
    scores = pq.read_table(made[0] / "scores.parquet")
    assert accounts["naive"] == pytest.approx(np.mean(scores["p_bot"].to_numpy() >= 0.5), abs=1e-6)
    assert accounts["n_labelled"] == 400 and 60 < accounts["n_bots_labelled"] < 140
    assert accounts["low"] < true_shares(opened)[0] < accounts["high"] < accounts["naive"] + 0.2
    alone = next(e for e in document["estimates"] if e["method"] == "sample alone (Hájek, Wilson)")
    assert accounts["high"] - accounts["low"] < alone["high"] - alone["low"]
    assert any("inclusion probabilities" in s for s in accounts["assumptions"])


def test_two_waves_are_put_together(study, campaign, opened):
    _, document = study(campaign(sample=[campaign.batches["some"], campaign.batches["rest"]]))
    found = default(document, "share of accounts")
    assert found["n_labelled"] == 600 and found["low"] < true_shares(opened)[0] < found["high"]
    assert any("Des Raj" in s for s in found["assumptions"])


def test_groups_have_shares_and_corrected_differences(study, campaign, opened):
    groups = [
        "hashtag",
        {"by": "rule", "name": "side", "rules": {"left": ["vote"], "right": ["river"]}},
        {"by": "hashtag", "name": "tag", "values": ["#Vote", "nosuch"]},
    ]
    _found, document = study(campaign(sample=campaign.batches["all"], groups=groups))
    (share,) = opened.connection.execute("""
        SELECT avg(b) FROM (
            SELECT account_id, bool_or(answer = 'bot')::INTEGER AS b FROM lake.main.claims
            WHERE claimant = 'simulator' GROUP BY 1)
        JOIN (SELECT DISTINCT account_id FROM lake.main.posts WHERE list_contains(hashtags, 'vote'))
        USING (account_id)""").fetchone()
    assert default(document, "share of accounts", "tag: vote")["value"] == pytest.approx(
        share, abs=1e-6
    )
    assert default(document, "share of accounts", "side: left")["value"] == pytest.approx(
        share, abs=1e-6
    )
    assert any("nosuch is empty" in r["reason"] for r in document["refused"])
    gap = default(document, "difference in share of posts", "hashtag: walkaway - hashtag: vote")
    a, b = (
        default(document, "share of posts", f"hashtag: {t}")["value"] for t in ("walkaway", "vote")
    )
    assert gap["value"] == pytest.approx(a - b, abs=2e-6)
    assert "Bonferroni" in gap["assumptions"][-1]


def test_differences_widen_with_the_number_of_comparisons(study, campaign):
    from benchmarks.study.estimators.estimate import Estimate
    from benchmarks.study.questions.groups import difference

    found, _ = study(campaign(groups=["hashtag"]))
    a, b = [
        e
        for e in found.estimates
        if (e.group or "").startswith("hashtag: ")
        and " - " not in e.group
        and e.quantity == "share of posts"
    ][:2]
    one, many = (difference(found.study, a, b, m) for m in (1, 10))
    assert isinstance(one, Estimate) and many.low < one.low < one.value < one.high < many.high
    assert difference(found.study, a, a, 1).value == 0


def test_days_sum_to_the_campaign(study, campaign, opened):
    found, document = study(campaign(sample=campaign.batches["all"]))
    days = [e for e in document["estimates"] if (e["group"] or "").startswith("day: ")]
    assert len(days) == 7
    volume = next(p for p in found.pieces if p.name == "posts-over-time")
    assert sum(r[1] for r in volume.rows) == document["posts"]
    weighted = (
        sum(e["value"] * r[1] for e, r in zip(days, volume.rows, strict=True)) / document["posts"]
    )
    assert weighted == pytest.approx(default(document, "share of posts")["value"], abs=1e-5)


def test_the_same_study_gives_the_same_bytes_but_for_the_date(study, campaign, tmp_path):
    path = campaign(groups=["hashtag", "language"])
    written = []
    for name, day in (("a", date(2020, 1, 1)), ("b", date(2020, 1, 1)), ("c", date(2021, 2, 3))):
        report.write(study(path)[0], tmp_path / name, day)
        written.append(
            {
                f.relative_to(tmp_path / name): f.read_bytes()
                for f in (tmp_path / name).rglob("*")
                if f.is_file()
            }
        )
    assert written[0] == written[1]
    for file, content in written[2].items():
        assert content.replace(b"2021-02-03", b"2020-01-01") == written[0][file]


def test_the_figures_are_there_as_csv_and_json(study, campaign, tmp_path):
    found, document = study(campaign())
    report.write(found, tmp_path, date(2020, 1, 1))
    with (tmp_path / "figures" / "shares.csv").open() as handle:
        first = next(csv.DictReader(handle))
    assert float(first["value"]) == pytest.approx(document["estimates"][0]["value"], abs=1e-6)
    assert json.loads((tmp_path / "figures.json").read_text())["shares"]["columns"][0] == "quantity"
    html = (tmp_path / "report.html").read_text()
    assert (
        "default-src 'none'" in html
        and "SIMULATED" in html
        and "http" not in html.replace("http-equiv", "")
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sample": "none"}, "There is no sample"),
        ({"sample": "labelled"}, "not a probability sample"),
    ],
)
def test_without_a_probability_sample_there_is_no_interval(study, campaign, fields, reason):
    _, document = study(campaign(**fields))
    assert document["estimates"] == []
    assert all(reason in r["reason"] for r in document["refused"]) and len(document["refused"]) >= 3
    assert any(reason in note for note in document["notes"])


@pytest.mark.parametrize(
    "changed", [{"purpose": "training"}, {"joint": None, "design": "by hand(n=3)"}]
)
def test_a_batch_not_drawn_by_chance_is_refused(own, study, campaign, changed):
    batch = {
        "batch_id": "cafe",
        "dataset": "tiny-campaign",
        "design": "uniform(n=3)",
        "seed": 0,
        "population": 900,
        "size": 3,
        "copies": 1,
        "drawn_from": 1,
        "purpose": "sample",
        "joint": "simple within stratum",
        **changed,
    }
    drawn = [
        {
            "batch_id": "cafe",
            "account_id": f"tiny-campaign-{i}",
            "copy": 1,
            "stratum": "all",
            "inclusion_probability": 3 / 900,
            "part": "sample",
        }
        for i in range(3)
    ]
    own.append(
        {"batches": rows("batches", [batch]), "assignments": rows("assignments", drawn)},
        "test",
        "a batch",
    )
    _, document = study(campaign(sample="cafe"), own)
    assert document["estimates"] == [] and all(
        "not a probability sample" in r["reason"] for r in document["refused"]
    )


def test_a_detector_trained_here_is_refused_without_the_flag(study, campaign):
    path = campaign()
    table = pq.read_table(path.parent / "scores.parquet")
    pq.write_table(
        pa.table({"platform": ["simulated"] * 50, "account_id": table["account_id"][:50]}),
        path.parent / "scores.trained_on.parquet",
    )
    _, document = study(path)
    assert any("trained on 50 of the campaign's 900 accounts" in note for note in document["notes"])
    assert {e["method"].split(" (")[0] for e in document["estimates"]} == {"sample alone"}
    scores = {"scores": "scores.parquet", "accept_trained_here": True}
    _, document = study(campaign(detector=scores))
    assert document["estimates"][0]["method"] == "prediction-powered (PPI++)"
    assert any("all the same" in note for note in document["notes"])


def test_one_class_bounds_the_share_and_refuses_the_rest(own, study, campaign):
    batch = {
        "batch_id": "beef",
        "dataset": "tiny-campaign",
        "design": "uniform(n=40)",
        "seed": 0,
        "population": 900,
        "size": 40,
        "copies": 1,
        "drawn_from": 1,
        "purpose": "sample",
        "joint": "simple within stratum",
    }
    humans = [
        r[0]
        for r in own.connection.execute(
            "SELECT account_id FROM lake.main.claims WHERE answer = 'human' ORDER BY 1 LIMIT 40"
        ).fetchall()
    ]
    drawn = [
        {
            "batch_id": "beef",
            "account_id": i,
            "copy": 1,
            "stratum": "all",
            "inclusion_probability": 40 / 900,
        }
        for i in humans
    ]
    own.append(
        {"batches": rows("batches", [batch]), "assignments": rows("assignments", drawn)},
        "test",
        "only people",
    )
    _, document = study(campaign(sample="beef"), own)
    found = default(document, "share of accounts")
    assert (
        found["value"] == found["low"] == 0
        and 0.05 < found["high"] < 0.12
        and found["n_bots_labelled"] == 0
    )
    assert any("Only one class" in r["reason"] for r in document["refused"])


def test_who_has_no_answer_is_counted_and_bounded(own, study, campaign):
    own.connection.execute(
        "CREATE TEMP TABLE gone AS SELECT account_id FROM lake.main.assignments WHERE batch_id = ?"
        " ORDER BY account_id LIMIT 80",
        [campaign.batches["some"]],
    )
    own.connection.execute("DELETE FROM lake.main.labels WHERE account_id IN (FROM gone)")
    _, document = study(campaign(), own)
    found = default(document, "share of accounts")
    assert found["n_labelled"] == 320 and any(
        "80 of 400 drawn accounts have no answer" in s for s in found["assumptions"]
    )
    # Imbens and Manski's limits: Wilson's bounds of bots and bots + 80 among 400 of 900, at 1.645
    bots, n = found["n_bots_labelled"], 400 / (1 - 400 / 900)
    low, high = wilson([bots / 400, (bots + 80) / 400], n, normal_quantile(0.95))
    assert found["worst_low"] == pytest.approx(float(low[0]), abs=2e-4)
    assert found["worst_high"] == pytest.approx(float(high[1]), abs=2e-4)


def test_posteriors_are_carried_through(own, study, campaign):
    _, before = study(campaign(), own)
    own.connection.execute(
        "UPDATE lake.main.labels SET p_bot = CASE label WHEN 'bot' THEN .9 ELSE .04 END, p_low ="
        " CASE label WHEN 'bot' THEN .8 ELSE .0 END, p_high = CASE label WHEN 'bot' THEN 1.0 ELSE"
        " .08 END"
    )
    _, after = study(campaign(), own)
    a, b = (default(d, "share of accounts") for d in (before, after))
    assert b["high"] - b["low"] > a["high"] - a["low"]
    assert any("consensus posteriors" in s for s in b["assumptions"])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"dataset": "tiny-campagne"}, "Did you mean 'tiny-campaign'"),
        ({"sample": "feed"}, "no batch of tiny-campaign 'feed'"),
        ({"labels": "nosuch"}, "no consensus 'nosuch'"),
        ({"hashtags": ["nowhere"]}, "No account of tiny-campaign belongs"),
        ({"window": {"from": "2011-01-01", "to": "2011-02-01"}}, "posts run from 2018-06-26"),
        ({"groups": [{"by": "column", "column": "nosuch"}]}, "There is no column of accounts"),
        (
            {"groups": [{"by": "file", "name": "party", "file": "campaign.yaml"}]},
            "groups, party: .* has no column account_id, group",
        ),
        ({"questions": ["sharing"]}, "Did you mean 'share'"),
        ({"detector": {"scores": "campaign.yaml"}}, "detector.scores"),
    ],
)
def test_mistakes_are_sentences(study, campaign, fields, said):
    with pytest.raises(UserError, match=said):
        study(campaign(**fields))


def test_a_group_can_come_from_a_file(opened, study, campaign):
    ids = opened.connection.execute("SELECT DISTINCT account_id FROM lake.main.accounts ORDER BY 1")
    rows = "".join(f"{i},x,left\r\n" for (i,) in ids.fetchall()[:450])
    campaign.home.mkdir(exist_ok=True)
    (campaign.home / "party.csv").write_text(f"account_id,note,group\n{rows}", newline="")
    group = {"by": "file", "name": "party", "file": "party.csv"}
    _, document = study(campaign(groups=[group], questions=["share", "groups"]))
    assert {"party: left", "party: none"} <= {e["group"] for e in document["estimates"]}


def test_a_shifted_clock_is_said(own, study, campaign):
    own.connection.execute("UPDATE lake.main.accounts SET created_at = '2018-06-30'")
    _, document = study(campaign(), own)
    assert any("clock seems shifted" in note for note in document["notes"])


def test_posts_from_after_the_observation_are_said(own, study, campaign):
    own.connection.execute("UPDATE lake.main.posts SET created_at = created_at + INTERVAL 5 HOUR")
    _, document = study(campaign(questions=["share"]), own)
    assert any(
        "after they were observed: the clock is shifted" in note for note in document["notes"]
    )


def test_takedowns_are_marked_where_accounts_fell_silent(own, study, campaign):
    own.connection.execute(
        "UPDATE lake.main.accounts SET status = 'suspended' WHERE account_id IN (SELECT account_id"
        " FROM lake.main.posts GROUP BY 1 HAVING max(created_at) < '2018-06-29')"
    )
    found, _ = study(campaign(events={"2018-06-28": "Rally", "2019-01-01": "Later"}), own)
    volume = next(p for p in found.pieces if p.name == "posts-over-time").svg
    assert "Rally" in volume and "Later" not in volume
    series = {r[0]: r[2] for r in next(p for p in found.pieces if p.name == "posts-over-time").rows}
    gone = own.connection.execute(
        "SELECT count(*) FROM lake.main.accounts WHERE status = 'suspended'"
    ).fetchone()[0]
    assert sum(series.values()) == gone > 0 and series["2018-07-02"] == 0
    assert "gone" in next(p for p in found.pieces if p.name == "share-over-time").svg


def test_errors_from_elsewhere_are_used_beside(study, campaign):
    errors = {
        "scores": "scores.parquet",
        "sensitivity": 0.9,
        "specificity": 0.8,
        "n_sensitivity": 200,
        "n_specificity": 200,
    }
    _, document = study(campaign(detector=errors, sample="none"))
    found = document["estimates"][0]
    assert found["method"].startswith("Rogan-Gladen")
    assert found["value"] == pytest.approx((found["naive"] + 0.8 - 1) / 0.7, abs=1e-6)
    assert found["low"] < found["value"] < found["high"]
    errors |= {"sensitivity": 0.4, "specificity": 0.5}
    _, document = study(campaign(detector=errors, sample="none"))
    assert any("not clearly above zero" in r["reason"] for r in document["refused"])


def test_calibrated_scores_alone_are_given_beside_and_refuted(study, campaign, monkeypatch):
    """BotPercent: half of the accounts elsewhere are bots, a quarter here. The sample says so."""
    from benchmarks.study.estimators import quantify

    monkeypatch.setattr(quantify, "REPEATS", dict.fromkeys(quantify.METHODS, 5))
    random = np.random.default_rng(4)
    y = np.repeat([1.0, 0.0], 150)
    score = 1 / (1 + np.exp(-(3 * y - 1 + random.normal(size=300))))
    fields = {"questions": ["share"], "quantities": ["accounts"]}
    path = campaign(**fields, detector={"scores": "scores.parquet", "evidence": "evidence.csv"})
    lines = [f"{p},{'bot' if b else 'human'}" for p, b in zip(score, y, strict=True)]
    (path.parent / "evidence.csv").write_text("\n".join(["p_bot,label", *lines]))
    _, document = study(path)
    row = next(e for e in document["estimates"] if e["method"] == "BotPercent")
    assert row["quantity"] == "share of accounts" and not row["default"]
    assert (
        row["low"] <= row["value"] <= row["high"]
        and row["value"] > document["truth"]["share of accounts"]
    )
    assert row["refuted"]["by"] == "calibration in the sample" and row["refuted"]["p"] < 0.01
    assert any(s.startswith("The sample contradicts this method.") for s in row["assumptions"])
    assert all("refuted" not in e for e in document["estimates"] if e["method"] in {"EMQ", "PACC"})


def test_a_sample_without_the_heavy_accounts_says_which_it_needs(own, study, campaign):
    from benchmarks.study.study import LACKING

    own.connection.execute("UPDATE lake.main.posts SET likes = 1")
    own.connection.execute(
        "CREATE TEMP TABLE heavy AS SELECT account_id, row_number() OVER (ORDER BY account_id) AS n"
        " FROM lake.main.accounts WHERE account_id IN (SELECT account_id FROM lake.main.posts) AND"
        " account_id NOT IN (SELECT account_id FROM lake.main.assignments WHERE batch_id = ?)"
        " ORDER BY 1 LIMIT 4",
        [campaign.batches["some"]],
    )
    fields = {"questions": ["share"], "quantities": ["likes"]}
    _, before = study(campaign(**fields), own)
    assert not any(s.startswith(LACKING) for s in before["estimates"][0]["assumptions"])
    own.connection.execute(
        "UPDATE lake.main.posts SET likes = 1000 WHERE account_id IN (SELECT account_id FROM heavy)"
    )
    found, document = study(campaign(**fields), own)
    row = default(document, "share of likes")
    said = next(s for s in row["assumptions"] if s.startswith(LACKING))
    assert ": 4 accounts with" in said and "4 of them have no label" in said
    assert row["few"] and row["low"] <= document["truth"]["share of likes"] <= row["high"]
    texts = [b.text for _, answer in found.found for b in answer.blocks if hasattr(b, "text")]
    assert any(t.startswith(f"Share of likes: {LACKING}") for t in texts)


def test_a_method_that_the_sample_refutes_is_withdrawn(study, campaign):
    about = {"scores": "scores.parquet", "n_sensitivity": 200, "n_specificity": 200}
    _, plain = study(
        campaign(sample="none", detector={**about, "sensitivity": 0.9, "specificity": 0.8})
    )
    assert any("only a sample could check" in s for s in plain["estimates"][0]["assumptions"])
    assert "refuted" not in plain["estimates"][0]
    # In the sample the detector flags 16 % of people and finds 97 % of bots.
    wrong = {**about, "sensitivity": 0.6, "specificity": 0.99}
    found, document = study(campaign(detector=wrong))
    row = next(e for e in document["estimates"] if e["method"].startswith("Rogan"))
    assert row["refuted"]["p"] < 0.001 and row["refuted"]["by"].endswith("in the sample")
    assert not row["default"]
    assert not any("only a sample could" in s for s in row["assumptions"])
    texts = [b.text for _, answer in found.found for b in answer.blocks if hasattr(b, "text")]
    assert any(t.startswith("The sample refutes") and "do not quote them" in t for t in texts)
    tables = {b.title: b for b in found.found[0][1].blocks if isinstance(b, Overview)}
    rogan = "Rogan-Gladen (Lang and Reiczigel)"
    assert rogan in {r[0] for r in tables["Refuted methods"].rows}
    assert rogan not in {r[0] for r in tables["The methods side by side"].rows}
    assert "refuted" not in default(document, "share of accounts")


def test_the_command_gives_one_document_and_a_page(cli, campaign, made):
    path = campaign(groups=["hashtag"])
    document = cli.json(
        "study", path, "--out", path.parent / "out", BOTBENCH_STORE=str(made[0] / "store")
    )
    assert (
        document["campaign"] == "tiny"
        and document["accounts"] == 900
        and set(document["estimates"][0]) >= KEYS
    )
    assert (
        document["report"] == str(path.parent / "out" / "report.html")
        and (path.parent / "out" / "report.html").is_file()
    )
    bad = path.parent / "bad.yaml"
    bad.write_text("name: x y\nsamples: 3\n")
    said = cli("study", bad, code=2).stderr
    assert "name:" in said and "dataset is missing" in said and "Did you mean 'sample'" in said


def test_scores_made_for_the_sample_alone_are_refused(study, campaign, opened):
    path = campaign()
    batch = campaign.batches["some"]
    drawn = opened.connection.execute(
        f"SELECT account_id FROM lake.main.assignments WHERE batch_id = '{batch}'"
    ).fetchall()
    scores = path.parent / "scores.parquet"
    table = pq.read_table(scores)
    there = np.isin(table["account_id"].to_numpy(zero_copy_only=False), [a for (a,) in drawn])
    pq.write_table(table.filter(pa.array(there)), scores)
    _, document = study(path)
    found = default(document, "share of accounts")
    assert found["method"] == ALONE and found["n_errors_labelled"] is None
    assert any("500 of the campaign's 900 accounts have no score" in n for n in document["notes"])
