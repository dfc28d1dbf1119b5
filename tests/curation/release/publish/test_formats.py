"""A release of real data in each tier, loaded as its users load it: Hugging Face datasets,
mlcroissant, pandas, DuckDB.
"""

import hashlib
import json
import os
import re
import subprocess
import sys

import duckdb
import mlcroissant
import pandas
import pytest
import yaml

from curation.annotation.scheme.scheme import Scheme
from curation.ingest import cards
from curation.ingest.pull import pull
from curation.labels.consensus import consensus
from curation.release import release
from curation.release.publish import folder, tiers
from curation.release.publish.documents import readme as documents
from curation.release.publish.documents.answers import Answers
from curation.store.store import Store

pytestmark = pytest.mark.data
ANSWERS = Answers(
    {
        "creators": ["A. Nobody", "B. Nobody"],
        "contact": "nobody@example.org",
        "consent": "The accounts were not asked.",
    }
)


@pytest.fixture(scope="module")
def real(tmp_path_factory, shared_data):
    """The real data set of 693 judged accounts, released and published in every tier: tier to
    folder.
    """
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
    with Store(tmp_path_factory.mktemp("real") / "store") as store:
        pull(store, cards.load("cresci-rtbust-2019"), shared_data / "cresci-rtbust-2019")
        consensus(store, "cresci-rtbust-2019", Scheme.load())
        frozen = release.freeze(store, "rtbust", "cresci-rtbust-2019")
        return {
            t: folder.publish(store, frozen, tiers.load(t), ANSWERS)
            for t in ("internal", "research", "public")
        }


TIERS = ("internal", "research", "public")


@pytest.mark.parametrize("tier", TIERS)
def test_hugging_face_loads_every_table(real, tier, tmp_path):
    import datasets

    path = real[tier].path
    head = yaml.safe_load((path / "README.md").read_text().split("---")[1])
    rows = {}
    for config in head["configs"]:
        loaded = datasets.load_dataset(str(path), config["config_name"], cache_dir=str(tmp_path))
        rows[config["config_name"]] = sum(part.num_rows for part in loaded.values())
    expected = {}
    for file in real[tier].info["files"]:
        expected[file["table"]] = expected.get(file["table"], 0) + file["rows"]
    assert rows == expected and set(rows) <= set(tiers.load(tier).tables)
    labels = datasets.load_dataset(str(path), cache_dir=str(tmp_path))
    assert {n: p.num_rows for n, p in labels.items()} == {
        "train": 416,
        "validation": 138,
        "test": 139,
    }
    assert sum(row["label"] == "bot" for part in labels.values() for row in part) == 353


@pytest.mark.parametrize("tier", TIERS)
def test_croissant_gives_back_record_by_record_what_is_in_the_files(real, tier):
    path = real[tier].path
    described = mlcroissant.Dataset(str(path / "croissant.json"))
    assert not described.metadata.ctx.issues.errors
    document = json.loads((path / "croissant.json").read_text())
    assert document["conformsTo"] == [
        "http://mlcommons.org/croissant/1.1",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]
    said = {f["@id"]: f["sha256"] for f in document["distribution"]}
    assert said == {
        f["path"]: hashlib.sha256((path / f["path"]).read_bytes()).hexdigest()
        for f in real[tier].info["files"]
    }
    for records in described.metadata.record_sets:
        table = pandas.read_parquet(path / f"data/{records.uuid}.parquet")
        read = pandas.DataFrame(
            [
                {
                    k.partition("/")[2]: v.decode() if isinstance(v, bytes) else v
                    for k, v in row.items()
                }
                for row in described.records(records.uuid)
            ]
        )
        assert list(read.columns) == list(table.columns) and len(read) == len(table)
        columns = [
            c
            for c in (
                "account_id",
                "label",
                "part",
                "answer",
                "p_bot",
                "top_answer_share",
                "n_claims",
            )
            if c in table
        ]
        pandas.testing.assert_frame_equal(read[columns], table[columns], check_dtype=False)


def test_the_responsible_ai_fields_come_from_facts(real):
    document = json.loads((real["research"].path / "croissant.json").read_text())
    said = {k.partition(":")[2]: v for k, v in document.items() if k.startswith("rai:")}
    assert "693 rows for accounts read, 693 kept" in said["dataCollection"]
    assert "1 claimant, 693 claims on 693 accounts" in str(said["dataAnnotationProtocol"])
    assert "The accounts were not asked." in str(said["personalSensitiveInformation"])
    assert "1,825 days after" in said["dataReleaseMaintenancePlan"]
    # Nobody said who the annotators were, so nothing is said of them.
    assert "annotatorDemographics" not in said and [c["name"] for c in document["creator"]] == [
        "A. Nobody",
        "B. Nobody",
    ]


@pytest.mark.parametrize("tier", TIERS)
def test_the_readme_s_one_line_examples_run(real, tier):
    readme = (real[tier].path / "README.md").read_text()
    lines = re.findall(r"```python\n(.+)\n```", readme)
    assert [line.split(";")[0] for line in lines] == [
        "import os, datasets",
        "import pandas",
        "import duckdb",
        "import mlcroissant",
    ]
    joined = re.findall(r"ready for a classifier:\n\n```python\n(.+?)```", readme, re.DOTALL)
    assert len(joined) == (tier == "research"), "only this tier has features"
    program = "\n".join(
        [
            *(f"{code}\nassert len(X) == len(y) == 693 and y.any()" for code in joined),
            *(f"{line}; found_{i} = data" for i, line in enumerate(lines)),
            (
                "print([sum(p.num_rows for p in found_0.values()), len(found_1),"
                " found_2.aggregate('count(*)').fetchone()[0], len(list(found_3))])"
            ),
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=real[tier].path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[693, 416, 693, 416]"


@pytest.mark.parametrize("tier", TIERS)
def test_the_sums_hold_and_the_citation_is_one(real, tier):
    path = real[tier].path
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"],
        cwd=path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    listed = {line.split("  ")[1] for line in (path / "SHA256SUMS").read_text().splitlines()}
    assert listed == {str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()} - {
        "SHA256SUMS"
    }
    cited = yaml.safe_load((path / "CITATION.cff").read_text())
    assert (cited["cff-version"], cited["type"], cited["version"]) == ("1.2.0", "dataset", "1")
    assert (
        cited["authors"] == [{"name": "A. Nobody"}, {"name": "B. Nobody"}]
        and "RTbust" in cited["references"][0]["title"]
    )
    page = (path / "RESPONSIBLE-USE.md").read_text()
    assert "nobody@example.org" in page and "30 days of a valid request" in page


def test_no_real_name_is_in_what_is_public(real, shared_data):
    names = duckdb.sql(f"FROM read_parquet('{real['internal'].path}/data/accounts.parquet')").df()
    for tier in ("research", "public"):
        files = [real[tier].path / f["path"] for f in real[tier].info["files"]]
        values = " ".join(
            str(duckdb.sql(f"FROM read_parquet('{file}')").fetchall()) for file in files
        )
        values += " ".join(p.read_text() for p in real[tier].path.glob("*.*"))
        words = set(re.findall(r"\w+", values))
        telling = {h for h in names.handle.dropna() if re.search(r"\d|_", h)}
        assert len(telling) > 200 and telling.isdisjoint(words)
        assert not any(bio in values for bio in names.bio.dropna() if len(bio) > 30)
        ids = set(names.account_id)
        assert ids.isdisjoint(words) if tier == "public" else ids <= words


def test_the_page_in_the_docs_is_the_one_in_the_folders(request):
    assert (
        request.config.rootpath / "docs" / "responsible-use.md"
    ).read_text() == documents.responsible_use()
