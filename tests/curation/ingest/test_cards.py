"""Cards: every mistake is reported with its field, what was expected and what was found."""

from pathlib import Path

import pytest

from botbench.core.errors import UserError
from curation.ingest import cards
from curation.ingest.sources import FORMATS

GOOD = """\
id: mine
title: My accounts
platform: twitter
licence: none stated
citation: nobody, 2026
sources:
- file: ids.csv
  sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
label: {meaning: as told, claimant: me}
reads:
- format: tabular
  files: [ids.csv]
  options:
    nulls: [NULL, NA, no]
    accounts: {account_id: id}
    claims: {answer: {column: label, codes: {yes: bot, no: human, 0: human, 1: bot}}}
"""


@pytest.fixture
def check(tmp_path):
    def run(text):
        path = tmp_path / "card.yaml"
        path.write_text(text)
        return [(p.field, p.expected, p.found) for p in cards.check(path)]

    return run


def test_a_good_card(check, tmp_path):
    assert check(GOOD) == []
    card = cards.load(tmp_path / "card.yaml")
    assert (
        card.licence == "none stated"
        and card.label.claimant_kind == "dataset"
        and card.time_zone == "UTC"
    )
    # yes, no, NULL and numbers are words in data: the card takes them as they are written.
    assert card.reads[0].options["claims"]["answer"]["codes"] == {
        "yes": "bot",
        "no": "human",
        "0": "human",
        "1": "bot",
    }
    assert card.reads[0].options["nulls"] == ["NULL", "NA", "no"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("title:", "titel:", ("title", "a value", "nothing")),
        ("title:", "titel:", ("titel", "no such field; did you mean title?", "'My accounts'")),
        (
            "id: mine",
            "id: My Accounts",
            ("id", "text of the form ^[a-z0-9][a-z0-9._-]*$", "'My Accounts'"),
        ),
        (
            "tabular",
            "tabulr",
            (
                "reads.0.format",
                "a format",
                "There is no source format 'tabulr'. Did you mean 'tabular'? Known: ",
            ),
        ),
        (
            "files: [ids.csv]",
            "files: [ids.tsv]",
            ("reads.0.files", "names or globs of sources (ids.csv)", "ids.tsv"),
        ),
        (
            "sha256: 0123",
            "sha256: X123",
            ("sources.0.sha256", "text of the form ^[0-9a-f]{64}$", "'X123"),
        ),
        (
            "file: ids.csv",
            "file: ../ids.csv",
            ("sources.0.file", "a path inside the folder of the data set", "'../ids.csv'"),
        ),
        (
            "claimant: me",
            "claimant: me, claimant_kind: god",
            ("label.claimant_kind", "'person', 'dataset', 'platform', 'rule' or 'model'", "'god'"),
        ),
        (
            "account_id: id",
            "account: id",
            ("reads.0.options", "columns of accounts (account_id, observed_at, ", ""),
        ),
        ("account_id: id", "handle: id", ("reads.0.options", "accounts needs account_id", "")),
        (
            "accounts:",
            "acounts:",
            ("reads.0.options.acounts", "no such field", "{'account_id': 'id'}"),
        ),
        (
            "{column: label,",
            "{column: label, file: stem,",
            ("reads.0.options.claims.0.cells.answer", "one of column, value, file, row, join", ""),
        ),
        (
            "column: label",
            "column: label, extract: '('",
            ("reads.0.options.claims.0.cells.answer.extract", "a regular expression", "'('"),
        ),
        (
            "column: label",
            "column: label, extract: '(?<=x)y'",
            (
                "reads.0.options.claims.0.cells.answer.extract",
                "a regular expression of RE2 (invalid perl operator: (?<)",
                "'(?<=x)y'",
            ),
        ),
        (
            "accounts:",
            "where: {label: {matches: '(a)\\1'}}\n    accounts:",
            (
                "reads.0.options.where.label.matches",
                "a regular expression of RE2 (invalid escape sequence: \\1)",
                "",
            ),
        ),
        (
            "account_id: id",
            "account_id: id, created_at: {column: id, time: '%Q'}",
            ("reads.0.options.accounts.0.cells.created_at.time.0", "a strptime form", "'%Q'"),
        ),
        (
            "platform: twitter",
            "platform: twitter\ntime_zone: Rome",
            ("time_zone", "a time zone's name such as UTC or Europe/Rome", "'Rome'"),
        ),
        (
            "platform: twitter",
            "platform: twitter\nplatform: vk",
            ("line 4", "YAML", "the key 'platform' is written twice"),
        ),
        ("reads:", "reads: [", ("line 11", "YAML", "")),
    ],
)
def test_mistakes(check, old, new, problem):
    field, expected, found = problem
    told = check(GOOD.replace(old, new))
    assert any(f == field and e.startswith(expected) and found in w for f, e, w in told), told


def test_every_mistake_at_once(check):
    assert [f for f, *_ in check("id: X\nreads: []\n")] == [
        "id",
        "title",
        "platform",
        "licence",
        "citation",
        "reads",
    ]
    assert check("- a\n") == [("the file", "fields such as id, title, reads", "list")]


def test_a_card_with_mistakes_does_not_load(tmp_path):
    path = tmp_path / "card.yaml"
    path.write_text(GOOD.replace("title:", "titel:"))
    with pytest.raises(
        UserError,
        match=(
            r"(?s)has 2 mistakes:.*title: expected a value, found nothing.*botbench datasets check"
            r" FILE"
        ),
    ):
        cards.load(path)


def test_a_name_that_is_near_a_known_one(monkeypatch, tmp_path):
    (tmp_path / "cresci-2099").mkdir()
    (tmp_path / "cresci-2099" / "card.yaml").write_text(GOOD.replace("id: mine", "id: cresci-2099"))
    monkeypatch.setattr(cards, "ROOTS", (tmp_path,))
    assert cards.load("cresci-2099").id == "cresci-2099"
    with pytest.raises(
        UserError, match=r"There is no data set 'cresci-2098'\. Did you mean 'cresci-2099'\?"
    ):
        cards.load("cresci-2098")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "card.yaml").write_text(GOOD)
    assert [(p.field, p.expected) for p in cards.check(tmp_path / "other" / "card.yaml")] == [
        ("id", "the folder's name, other")
    ]


def test_the_built_in_cards_are_good():
    for folder in cards.folders():
        assert cards.check(folder / "card.yaml") == [], folder
    assert sorted(cards.all_cards()) == [f.name for f in cards.folders()]


def test_the_check_on_the_command_line(cli, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    assert "is a good card" in cli("datasets", "check", path).stderr
    path.write_text(GOOD.replace("title:", "titel:"))
    assert cli.json("datasets", "check", path, code=1)["problems"][0] == {
        "field": "title",
        "expected": "a value",
        "found": "nothing",
    }
    assert "There is no card at" in cli("datasets", "check", "nowhere.yaml", code=2).stderr
    assert {f["name"] for f in cli.json("datasets", "formats")["formats"]} == set(FORMATS.all())
    assert cli("datasets").returncode == 0


TOY_LINES = """
from pydantic import BaseModel
from curation.ingest.reading import text
from curation.ingest.sources import format_


class Options(BaseModel, extra="forbid"):
    answer: str


@format_("toy-lines", options=Options)
def read(stage, files, options):
    "One id a line."
    for file in files:
        rows = text.lines(stage, file)
        rows.feed("accounts", f"SELECT c1 AS account_id, _member, _row, _raw FROM {rows.relation}")
"""


def test_a_source_format_is_one_file(tmp_path, monkeypatch, written, store):
    """A toy format, found by the walk, with no edit elsewhere."""
    import curation.ingest.sources

    (tmp_path / "toy_lines.py").write_text(TOY_LINES)
    monkeypatch.setattr(
        curation.ingest.sources, "__path__", [*curation.ingest.sources.__path__, str(tmp_path)]
    )
    monkeypatch.setattr(FORMATS, "_walked", False)
    result = written({"ids.txt": b"1\n2\n\n2\n"}, {"answer": "bot"}, format="toy-lines").pull(store)
    assert result.tables == {"accounts": {"read": 3, "kept": 2, "duplicate": 1, "quarantined": 0}}
    FORMATS._found.pop("toy-lines")


def test_the_reference_shows_only_cards_that_hold(check):
    """Each example of a whole card in datasets/README.md is a good card."""
    text = (Path(__file__).parents[3] / "datasets" / "README.md").read_text(encoding="utf-8")
    examples = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    whole = [e for e in examples if e.startswith("id:")]
    assert len(whole) >= 5
    assert [check(e) for e in whole] == [[]] * len(whole)


def test_the_reference_names_every_option():
    """datasets/README.md speaks of each option of each format."""
    text = (Path(__file__).parents[3] / "datasets" / "README.md").read_text(encoding="utf-8")
    for name, found in FORMATS.all().items():
        assert f"`{name}`" in text, name
        assert [
            o for o in found.options.model_fields if f"`{o}" not in text and f"{o}:" not in text
        ] == [], name
