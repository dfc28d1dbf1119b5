"""The datasheet and the diff page: what is known, what was answered, what is unanswered; whatever
was typed is text.
"""

import importlib
import json
import re

import pyarrow.parquet as pq
import pytest
import yaml

from botbench.core.errors import UserError
from curation.release import release
from curation.release.publish import changes, facts, folder, tiers
from curation.release.publish.documents import answers, datasheet, readme
from curation.release.publish.tables import File
from curation.store import schema

HOSTILE = (
    '<script>document.title="run"</script><img src=x onerror="document.title=1"> **bold**'
    " [a](javascript:alert(1)) \u202egnp"
)


def test_the_datasheet_says_what_is_known_and_what_nobody_has_answered(made):
    r, tier = release.load(made.home, "r"), tiers.load("public")
    known = facts.gather(made, r, tier)
    page = datasheet.markdown(known, answers.Answers({"funding": "Nobody paid for it."}))
    assert (
        "10 accounts on twitter: 5 labelled bot, 5 labelled human. Labelled but left out: none."
        in page
    )
    assert "The maintainer says: Nobody paid for it." in page and "(`funding`)" not in page
    before, unanswered = page.split("## Unanswered")
    assert unanswered.count("\n- ") == len(answers.asked()) - 1, "together, at the end"
    assert "(`purpose`)" in unanswered and "(`purpose`)" not in before
    html = datasheet.html(dict(known) | {"simulated": True}, answers.Answers({}))
    assert "The accounts are simulated.</strong> " in html, "a blank before the next sentence"
    assert html.index("<h2>Unanswered</h2>") > html.rindex("<h3>")
    assert "they stand at the end" in html
    # Three people on ten accounts are thirty pairs; on account 1 one of them differs from two: 28
    # pairs agree.
    assert known["votes"] == {
        "accounts": 10,
        "pairs": 30,
        "agreed": pytest.approx(28 / 30),
        "per_account": 3.0,
    }
    assert (
        "same answer in 93.3 % of 30 pairs" in page
        and "people (3 claimants, 30 claims on 10 accounts)" in page
    )
    assert (
        "10 rows for accounts read, 10 kept, 0 duplicates, 0 set aside" in page
        and "The accounts are simulated" in page
    )
    assert "CC0-1.0" in page and "Validation passed" in page and "No audit" in page


def test_answers_are_asked_for_once_and_kept(made, cli, tmp_path):
    file = tmp_path / "answers.yaml"
    file.write_text("purpose: to test\ncreators: [A, B]\nethics: ''\n")
    first = cli.json("release", "r", "--tier", "public", "--answers", file)
    assert (
        first["tier"] == "public"
        and "purpose" not in first["unanswered"]
        and "ethics" in first["unanswered"]
    )
    again = cli.json("publish", "r", "--tier", "public")
    assert (again["published"], again["unanswered"]) == (False, first["unanswered"])
    file.write_text("contact: somebody@example.org\n")
    more = cli.json("publish", "r", "--tier", "public", "--answers", file)
    # What is published is not edited: other words are a further revision, and both stand.
    assert (more["revision"], more["supersedes"], first["revision"]) == (2, "r@1/public", 1)
    assert answers.load(made.home, "r").given == {
        "purpose": "to test",
        "creators": ["A", "B"],
        "contact": "somebody@example.org",
    }
    assert len(folder.listed(made.home)) == 2
    for text, sentence in (
        ("purpos: x", "Did you mean 'purpose'"),
        ("- a", "holds list"),
        ("a: [", "is not YAML"),
        ("purpose: {a: 1}", "expected text or a list"),
    ):
        file.write_text(text)
        assert sentence in cli("publish", "r", "--tier", "public", "--answers", file, code=2).stderr
    with pytest.raises(UserError, match="There is no file of answers"):
        answers.keep(made.home, "r", tmp_path / "none.yaml")


def test_answers_with_markup_are_shown_as_text(made):
    given = answers.Answers(dict.fromkeys(answers.asked(), HOSTILE))
    found = folder.publish(made, release.load(made.home, "r"), tiers.load("public"), given)
    for name in ("datasheet.html", "DATASHEET.md", "README.md", "RESPONSIBLE-USE.md"):
        text = (found.path / name).read_text()
        assert (
            "<script" not in text
            and "<img" not in text
            and "\u202e" not in text.replace(HOSTILE, "")
        )
    assert "&lt;script&gt;" in (found.path / "DATASHEET.md").read_text()
    assert "\\*\\*bold\\*\\* \\[a\\](javascript" in (found.path / "DATASHEET.md").read_text()
    json.loads((found.path / "croissant.json").read_text())


@pytest.mark.chromium
def test_the_pages_of_a_publication_are_read_at_every_width(corrected, spotless):
    found = folder.publish(corrected, release.load(corrected.home, "r"), tiers.load("internal"))
    pages = sorted(found.path.glob("*.html"))
    assert [p.name for p in pages] == ["changes.html", "datasheet.html"]
    for page in pages:
        spotless(page)


@pytest.mark.chromium
def test_a_hostile_card_and_hostile_claims_make_no_page_run(
    store, unchecked, material, monkeypatch, hostile_texts, looked_at, tmp_path
):
    """A card of others, names of claimants, ids and notes: pages and Markdown, both rendered."""
    from markdown_it import MarkdownIt

    texts = hostile_texts(longest=300)
    data = importlib.import_module(material.fill.__module__)
    card = {"title": texts[0] + texts[7], "licence": texts[16] + texts[5], "citation": texts[19]}
    card |= {"description": texts[17], "known_issues": texts, "homepage": texts[5]}
    monkeypatch.setattr(
        data, "CARD", {**data.CARD, **card, "label": {"meaning": texts[1] + texts[18]}}
    )
    monkeypatch.setattr(data, "IDS", texts[:7] + texts[10:13])
    data.fill(store)
    release.freeze(store, "r", "d")
    given = answers.Answers(dict.fromkeys(answers.asked(), "\n".join(texts)))
    found = folder.publish(store, release.load(store.home, "r"), tiers.load("research"), given)
    pages = sorted(found.path.glob("*.html"))
    for name in ("README.md", "DATASHEET.md", "RESPONSIBLE-USE.md"):
        text = (found.path / name).read_text(encoding="utf-8")
        body = text.split("---\n", 2)[2] if text.startswith("---\n") else text
        drawn = MarkdownIt("commonmark").enable("table").render(body)
        tags = {t.lower() for t in re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)", drawn)}
        assert tags <= {
            "h1",
            "h2",
            "h3",
            "h4",
            "p",
            "a",
            "em",
            "strong",
            "code",
            "pre",
            "ul",
            "ol",
            "li",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "br",
            "hr",
        }
        links = re.findall(r'href="([^"]*)"', drawn)
        assert not [
            link
            for link in links
            if "x.invalid" in link or (":" in link.split("/")[0] and not link.startswith("https:"))
        ], links
        # The same text with HTML allowed, as other programs draw it.
        file = tmp_path / f"{name}.html"
        html = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
        file.write_text(
            f'<meta charset="utf-8"><style>* {{overflow-wrap:anywhere}} pre {{overflow:auto}}</style>{html}',
            encoding="utf-8",
        )
        assert "<script>window.__pwn=1" in looked_at(file, policy=False)
    assert [p.name for p in pages] == ["datasheet.html"]
    shown = looked_at(pages[0])
    assert "<script>window.__pwn=1" in shown and "⟨U+202E⟩gnp.exe" in shown


@pytest.fixture
def corrected(made, material):
    """r@2: account 2 is relabelled by a new claim, account 4 leaves, account 10 comes."""
    from curation.store.identity import with_claim_ids

    new = {
        "dataset": "d",
        "claim_id": "",
        "claimant": "dora@example.org",
        "claimant_kind": "person",
        "made_at": material.T,
    }
    claims = [
        {**new, "account_id": material.IDS[2], "answer": "human"},
        {**new, "account_id": "900000010", "answer": "bot"},
    ]
    labels = [
        {
            **row,
            "label": None if i == 4 else row["label"],
            "status": "disputed" if i == 4 else "agreed",
        }
        for i, row in enumerate(material.labels("k2", humans=(2,)))
    ]
    made.append(
        {
            "accounts": schema.rows(
                "accounts", [{"dataset": "d", "account_id": "900000010", "platform": "twitter"}]
            ),
            "claims": with_claim_ids(made.connection, schema.rows("claims", claims)),
            "labels": schema.rows("labels", [*labels, {**labels[0], "account_id": "900000010"}]),
        },
        None,
        "a second look",
    )
    release.freeze(made, "r", "d", because="account 2 was looked at again; see <b>issue 7</b>")
    return made


def test_a_correction_says_what_it_supersedes_and_by_whose_claim(
    corrected, material, cli, tmp_path
):
    old, new = release.load(corrected.home, "r@1"), release.load(corrected.home, "r@2")
    assert (new.info["parent"], new.info["because"][:9]) == ("r@1", "account 2")
    found = changes.between(corrected, old, new).document()
    assert {k: found[k] for k in ("from", "to", "added", "removed", "relabelled")} == {
        "from": "r@1",
        "to": "r@2",
        "added": 1,
        "removed": 1,
        "relabelled": 1,
    }
    by = {a["account_id"]: a for a in found["accounts"]}
    assert (by[material.IDS[2]]["before"], by[material.IDS[2]]["after"]) == ("bot", "human")
    assert [(c["claimant"], c["answer"]) for c in by[material.IDS[2]]["claims"]] == [
        ("dora@example.org", "human")
    ]
    assert [by[material.IDS[4]][k] for k in ("change", "status", "claims")] == [
        "removed",
        "disputed",
        [],
    ]
    assert (
        by["900000010"]["change"] == "added"
        and by["900000010"]["claims"][0]["claimant"] == "dora@example.org"
    )
    assert cli.json("releases", "--diff", "r@1", "r@2", "--out", tmp_path / "c.html") == found
    page = (tmp_path / "c.html").read_text()
    assert (
        "<b>issue" not in page
        and "&lt;b&gt;issue 7" in page
        and "dora@example.org (person): human, 2018-05-01" in page
    )
    assert "no reason was given" in cli("releases", "--diff", "r@2", "r@1").stderr
    # The old version is as it was, and readable.
    old.verify()
    assert old.info["accounts"] == 10


def test_two_publications_with_one_cache_of_hugging_face_give_their_own_rows(corrected, tmp_path):
    import datasets

    found = [
        folder.publish(corrected, release.load(corrected.home, r), tiers.load("public"))
        for r in ("r@1", "r@2")
    ]
    assert [p.path.name for p in found] == ["public", "public"]
    loaded = [
        datasets.load_dataset(str(p.path), "labels", cache_dir=str(tmp_path / "cache"))
        for p in found
    ]
    # Account 2 was relabelled, account 4 left, account 10 came: 5 bots, then 0, 6, 8 and 10; and no
    # row of the first in the second.
    assert [sum(row["label"] == "bot" for part in d.values() for row in part) for d in loaded] == [
        5,
        4,
    ]
    for publication, read in zip(found, loaded, strict=True):
        files = publication.path.glob("data/labels*.parquet")
        ids = [row["account_id"] for part in read.values() for row in part]
        assert sorted(ids) == sorted(
            i for f in files for i in pq.read_table(f)["account_id"].to_pylist()
        )


def test_salted_ids_are_called_so_and_no_tag_stands_twice(made):
    r = release.load(made.home, "r")
    known = {**facts.gather(made, r, tiers.load("public")), "platform": "simulated"}
    files = [File("labels", None, "data/labels.parquet", "")]
    page = readme.readme(known, tiers.load("public"), files, {"data/labels.parquet": "0"})
    assert "| account_id | VARCHAR | salted hash of the id: " in page
    assert yaml.safe_load(page.split("---")[1])["tags"] == [
        "bot-detection",
        "social-media",
        "simulated",
    ]
    assert "salted hash of" not in readme.readme(
        known, tiers.load("research"), files, {"data/labels.parquet": "0"}
    )


def test_a_published_diff_names_nobody(corrected, material):
    public = folder.publish(corrected, release.load(corrected.home, "r@2"), tiers.load("public"))
    text = (public.path / "CHANGES.md").read_text() + (public.path / "changes.html").read_text()
    assert "1 accounts added, 1 removed, 1 relabelled" in text and "annotator-" in text
    assert not any(word in text for word in (*material.IDS, "900000010", "dora"))


def test_what_is_published_is_never_edited(made):
    first = folder.publish(made, release.load(made.home, "r"), tiers.load("public"))
    before = {p: p.read_bytes() for p in first.path.rglob("*") if p.is_file()}
    assert not folder.publish(made, release.load(made.home, "r"), tiers.load("public")).made
    assert {p: p.read_bytes() for p in first.path.rglob("*") if p.is_file()} == before
    with release.load(made.home, "r").file("labels").open("ab") as file:
        file.write(b"x")
    with pytest.raises(UserError, match="was changed after it was made"):
        folder.publish(made, release.load(made.home, "r"), tiers.load("research"))


def test_an_audit_stands_in_the_datasheet_and_must_be_of_this_content(made, tmp_path):
    r, file = release.load(made.home, "r"), tmp_path / "audit.json"
    document = {
        "release": "r@1",
        "content_hash": r.content_hash,
        "checks": [
            {"check": "one-question", "outcome": "issue", "value": 0.95, "detail": "posts_total"},
            {"check": "id", "outcome": "passed", "value": 0.5, "detail": ""},
        ],
    }
    file.write_text(json.dumps(document))
    facts.keep_audit(made, r, file)
    page = datasheet.markdown(facts.gather(made, r, tiers.load("public")), answers.Answers())
    assert "An audit ran 2 checks. Issues: one-question (posts\\_total). Passed: id." in page
    for wrong, sentence in (
        ({**document, "content_hash": "x"}, "is the audit of other content"),
        ([], "is no audit"),
    ):
        file.write_text(json.dumps(wrong))
        with pytest.raises(UserError, match=sentence):
            facts.keep_audit(made, r, file)


def test_an_unknown_release_without_a_data_set_is_a_sentence(made, cli):
    assert (
        "so say what it freezes: --dataset DATASET"
        in cli("release", "new", "--tier", "public", code=2).stderr
    )
    assert "Did you mean 'r'" in cli("publish", "rr", "--tier", "public", code=2).stderr
