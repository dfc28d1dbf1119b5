"""The worked example's parts that need no bench: its samples, its erring annotators, the truth
beside the estimates, and how many pages its report prints on.
"""

import re
from datetime import date

import pytest
import yaml

from benchmarks.study.simulation import demo


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """The answers of the demo's campaign, without its detector."""
    from benchmarks.study.campaign.load import load
    from benchmarks.study.report import answers
    from benchmarks.study.study import Study
    from curation.store.store import Store

    folder = tmp_path_factory.mktemp("demo")
    about = yaml.safe_load(demo.CAMPAIGN)
    del about["detector"]
    file = folder / "campaign.yaml"
    file.write_text(yaml.safe_dump(about))
    with Store(folder / "store") as store:
        demo._annotate(store, folder)
        yield answers.ask(Study.open(store, load(file)), answers.chosen(load(file)))


def test_the_worked_campaign_is_labelled_by_simulated_people_and_knows_its_truth(answered):
    document = answered.document("report.html")
    first = document["estimates"][0]
    assert (
        first["quantity"] == "share of accounts"
        and first["low"] < document["truth"]["share of accounts"] < first["high"]
    )
    assert document["simulated"] and any("consensus posteriors" in s for s in first["assumptions"])
    assert any("several waves" in s for s in first["assumptions"])


@pytest.mark.chromium
def test_its_report_has_five_printed_pages_and_no_assumption_twice(answered, spotless, tmp_path):
    from benchmarks.study.report import report

    tab = spotless(report.write(answered, tmp_path, date(2020, 1, 1)), unfold=False)
    assert tab.locator("section").count() >= 8
    said = [re.sub(r"[\d.,]+", "#", s) for s in tab.locator("#methods ol li").all_inner_texts()]
    assert [s for s in set(said) if said.count(s) > 1 and "comparisons" not in s] == []
    printed = tab.pdf(prefer_css_page_size=True)
    assert 2 <= len(re.findall(rb"/Type /Page\b", printed)) <= 5
