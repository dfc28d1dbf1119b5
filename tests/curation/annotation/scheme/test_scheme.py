"""The scheme file: what it says, and how its mistakes are told."""

import copy

import pytest
import yaml

from botbench.core.errors import UserError
from curation.annotation.scheme.scheme import DEFAULT, Scheme
from curation.annotation.scheme.sections import SECTIONS
from curation.annotation.scheme.store_schemes import SchemeBook


@pytest.fixture
def document():
    return yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))


def mistakes(document):
    with pytest.raises(UserError) as error:
        Scheme.of(document)
    first, *lines = str(error.value).splitlines()
    assert first.startswith(f"scheme: {len(lines)} mistake")
    return [line.strip() for line in lines]


def test_the_default_scheme_says_what_the_design_says():
    scheme = Scheme.load()
    assert scheme.labels == {
        "bot": "bot",
        "human": "human",
        "hybrid": None,
        "organisation": "human",
        "cannot tell": None,
        "report": None,
    }
    assert [a.key for a in scheme.answers.values()] == ["1", "2", "3", "4", "5", "0"]
    assert scheme.reporting == {"report"}
    assert list(scheme.kinds) == [
        "spam",
        "fake follower",
        "amplifier",
        "political",
        "generated",
        "declared",
        "other",
    ]
    assert list(scheme.confidence.values()) == [0.25, 0.5, 0.75, 1.0]
    assert scheme.consensus == {"minimum": 1, "agreed": 0.6667}
    assert scheme.version.startswith("2+") and len(scheme.version) == 10


def test_earlier_schemes_keep_their_versions(tmp_path):
    """Claims in stores name the scheme they were made under, so its hash never changes."""
    first = SchemeBook(tmp_path).get("1+8f5421ca")
    assert first is not None and "report" not in first.answers and first.reporting == frozenset()
    assert Scheme.of(yaml.safe_load(first.to_json())).version == "1+8f5421ca"


def test_a_kept_scheme_is_read_whatever_key_was_taken_since(tmp_path, document):
    document["kinds"]["spam"]["key"] = "v"
    old = Scheme.of(document, kept=True)
    SchemeBook(tmp_path).keep(old)
    found = SchemeBook(tmp_path).get(old.version)
    assert found is not None and found.kinds["spam"].key == "v"
    assert mistakes(document) == [
        "kinds.spam.key: 'v' belongs to the page itself; expected another letter or digit"
    ]


def test_the_version_is_of_the_content_and_not_of_the_layout(tmp_path, document):
    same = tmp_path / "same.yaml"
    same.write_text(
        "# another comment\n" + yaml.safe_dump(document, sort_keys=False), encoding="utf-8"
    )
    assert Scheme.load(same).version == Scheme.load().version
    assert Scheme.of(yaml.safe_load(Scheme.load().to_json())).version == Scheme.load().version
    document["reasons"]["clockwork"]["title"] = "Hours"
    assert Scheme.of(document).version != Scheme.load().version


def test_each_mistake_is_told_with_its_field(document):
    wrong = copy.deepcopy(document)
    wrong["answers"]["bot"]["key"] = "11"
    wrong["answers"]["human"]["label"] = "person"
    del wrong["question"]
    wrong["colour"] = "blue"
    wrong["consensus"]["agreed"] = 0.3
    told = mistakes(wrong)
    assert len(told) == 5
    assert "answers.bot.key: string should match pattern '^[0-9a-z]$' (found '11')" in told
    assert (
        "answers.human.label: input should be 'bot', 'human' or 'leave-out' (found 'person')"
        in told
    )
    assert "question: field required" in told
    assert "colour: extra inputs are not permitted (found 'blue')" in told
    assert "consensus.agreed: input should be greater than 0.5 (found 0.3)" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda d: d["kinds"]["spam"].update(key="1"),
            "kinds.spam.key: expected a key of its own (found '1', also answers.bot.key)",
        ),
        (
            lambda d: d["kinds"]["spam"].update(key="u"),
            "kinds.spam.key: 'u' belongs to the page itself; expected another letter or digit",
        ),
        (
            lambda d: d["kinds"]["spam"].update(title="political"),
            "kinds.political.title: expected another than spam's (found 'Political')",
        ),
        (
            lambda d: d["reasons"]["clockwork"].update(section="sky"),
            (
                "reasons.clockwork.section: expected one of profile, numbers, history, hours,"
                " timeline, pauses, content, samples, first, spread, latest, random, company,"
                " missing (found 'sky')"
            ),
        ),
        (
            lambda d: d["answers"]["bot"].update(label="human"),
            "answers: expected an answer whose label is bot (found none)",
        ),
        (
            lambda d: d["confidence"]["certain"].update(value=0.5),
            (
                "confidence: expected values that rise from step to step (found [0.25, 0.5, 0.75,"
                " 0.5])"
            ),
        ),
        (
            lambda d: d["answers"]["report"].update(label="bot"),
            (
                "answers.report.report: expected `label: leave-out` and no kinds, for who reports"
                " an account does not judge it (found label bot, kinds false)"
            ),
        ),
        (
            lambda d: [d["answers"][a].update(kinds=False) for a in ("bot", "hybrid")],
            "kinds: expected an answer with `kinds: true` (found none), else nobody is ever asked",
        ),
    ],
)
def test_fields_that_contradict_each_other(document, change, told):
    change(document)
    assert told in mistakes(document)


def test_a_title_cannot_break_out_of_the_page(document):
    document["answers"]["bot"]["title"] = 'Bot"/><Choice value="x'
    assert any(
        line.startswith("answers.bot.title: string should match pattern")
        for line in mistakes(document)
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("answers: {bot: {key: '1'}\n", "is not YAML"),
        ("name: a\nname: b\n", "'name' is written twice"),
        ("- a\n- b\n", "the whole file: input should be a valid dictionary"),
        ("", "the whole file: input should be a valid dictionary"),
    ],
)
def test_a_file_that_is_no_scheme(tmp_path, text, told):
    file = tmp_path / "scheme.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"scheme\.yaml") as error:
        Scheme.load(file)
    assert told in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="cannot be read: No such file"):
        Scheme.load(tmp_path / "none.yaml")


def test_the_code_book_points_to_every_kind_of_evidence_and_speaks_for_both_sides():
    """A list in which every reason spoke for `bot` would push people towards that answer."""
    scheme = Scheme.load()
    pointed = {r.section for r in scheme.reasons.values()}
    assert pointed == set(SECTIONS) - {"first", "spread", "latest", "random"}
    for_people = {"grown", "daily", "voice", "stated"}
    assert for_people < set(scheme.reasons)
    assert all(r.hint for r in scheme.reasons.values()) and all(
        a.example for a in scheme.answers.values()
    )
