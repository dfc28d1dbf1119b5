"""The worked example's parts that need no bench: its samples, its erring annotators, and the truth
beside the estimates.
"""

import yaml

from benchmarks.study.simulation import demo


def test_the_worked_campaign_is_labelled_by_simulated_people_and_knows_its_truth(store, tmp_path):
    from benchmarks.study.campaign.load import load
    from benchmarks.study.report import answers
    from benchmarks.study.study import Study

    demo._annotate(store, tmp_path)
    about = yaml.safe_load(demo.CAMPAIGN)
    del about["detector"]
    file = tmp_path / "campaign.yaml"
    file.write_text(yaml.safe_dump({**about, "questions": ["share"]}))
    found = answers.ask(Study.open(store, load(file)), answers.chosen(load(file)))
    document = found.document("report.html")
    first = document["estimates"][0]
    assert (
        first["quantity"] == "share of accounts"
        and first["low"] < document["truth"]["share of accounts"] < first["high"]
    )
    assert document["simulated"] and any("consensus posteriors" in s for s in first["assumptions"])
    assert any("several waves" in s for s in first["assumptions"])
