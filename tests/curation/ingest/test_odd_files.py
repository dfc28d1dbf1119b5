"""Faults that no single row shows, and what a card can say of odd files."""

import json
import random

import pytest

from botbench.core.errors import UserError

IDS = {"accounts": {"account_id": "id"}}
LABELLED = {**IDS, "claims": {"answer": "label"}}


def table(*rows, end="\n"):
    return end.join([*rows, ""]).encode()


# -- open quotes


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_is_named_where_a_quote_opens(staged, end):
    """Two lines of row 2 come before it, so row 991 begins in line 993 of the file."""
    rows = [f"{i},bot,a" for i in range(1, 1001)]
    rows[1], rows[990] = f'2,bot,"two{end}lines"', '991,bot,"never closed'
    made = staged({"a.csv": table("id,label,bio", *rows, end=end)}, LABELLED)
    assert made.counts == {"accounts": 990, "claims": 990}
    assert made.aside == [("accounts", 991, "bad_quote"), ("claims", 991, "bad_quote")]
    assert "a quote opens in line 993 " in made.messages[0]
    assert "it takes 1" in made.messages[0]


def test_an_open_quote_counts_as_the_lines_it_takes(written, store):
    """11 lines of 1,000 are over 1 %, one row is not."""
    from curation.ingest.ledger import over_limit

    rows = [f"{i},a" for i in range(1, 1001)]
    rows[989] = '990,"never closed'
    result = written({"a.csv": table("id,bio", *rows)}, IDS).pull(store)
    assert result.tables["accounts"] == {
        "read": 990, "kept": 989, "duplicate": 0, "quarantined": 1
    }  # fmt: skip
    (reason,) = result.document()["quarantine"]
    assert reason["rows"] == 1 and reason["lines"] in (11, 12)
    assert over_limit(result, 0.01)[0].startswith(f"{reason['lines']} of 1,00")
    assert over_limit(result, 0.02) == []


def test_quotes_that_close_each_other_are_told(staged):
    """Row 2 takes rows 3 and 4: nothing is malformed, and three rows are one."""
    rows = ["1,bot,a", '2,bot,"open', "3,bot,b", "4,bot,c", 'x"', "5,human,d"]
    made = staged({"a.csv": table("id,label,bio", *rows)}, LABELLED)
    assert made.counts == {"accounts": 3, "claims": 3} and made.aside == []
    assert made.notes["rows_in_values"].startswith("1 row of a.csv (the first is row 2) holds")


def test_prose_of_several_lines_is_no_row(staged):
    rows = ["1,bot,a", '2,bot,"Writer, reader, runner', 'in Paris, Rome, Bonn"']
    assert staged({"a.csv": table("id,label,bio", *rows)}, LABELLED).notes == {}


# -- rounded ids


def snowflakes(n, seed=1):
    draw = random.Random(seed)
    return [draw.randrange(10**18, 15 * 10**17) for _ in range(n)]


@pytest.mark.parametrize(
    ("rounded", "who"),
    [
        (lambda i: i // 10_000 * 10_000, "a spreadsheet"),
        (lambda i: i // 100 * 100, "JavaScript"),
        (lambda i: int(float(i)), "a cast to a floating-point number"),
    ],
)
def test_ids_that_a_program_rounded(staged, rounded, who):
    ids = [rounded(i) for i in snowflakes(60) if i >= 2**60]
    made = staged({"a.csv": table("id", *map(str, ids))}, IDS)
    assert {reason for *_, reason in made.aside} == {"float_id"}
    assert len(made.aside) >= 0.9 * len(ids) and who in made.messages[0]


@pytest.mark.parametrize(
    "ids",
    [
        snowflakes(5_000),
        [i >> 12 << 12 for i in snowflakes(5_000)],  # times and machines, counters at 0
        [i * 10_000 for i in range(1, 500)],  # short ids may end in zeros
        [1294030472427830000],
    ],
)
def test_sound_ids_may_end_in_zeros(staged, ids):
    made = staged({"a.csv": table("id", *map(str, ids))}, IDS)
    assert made.count("accounts") == len(ids)


def test_a_few_rounded_rows_among_many(staged):
    ids = snowflakes(1_000)
    ids[:100] = [i // 10_000 * 10_000 for i in ids[:100]]
    made = staged({"a.csv": table("id", *map(str, ids))}, IDS)
    assert {row for _, row, _ in made.aside} >= set(range(1, 101)) and len(made.aside) < 103


# -- one bad text costs one row


@pytest.mark.parametrize("bad", [b'"\\ud83d"', b'"\xff"', b'"\x01"', b"tru"])
@pytest.mark.parametrize("form", ["array", "pretty", "lines"])
def test_one_bad_text_in_json_costs_one_row(staged, bad, form):
    items = [b'{"id": "%d", "bio": %s}' % (i, bad if i == 2 else b'"a, [b]"') for i in range(1, 5)]
    content = {
        "array": b"[" + b",".join(items) + b"]",
        "pretty": b"\xef\xbb\xbf[\r\n " + b",\r\n ".join(items) + b"\r\n]\r\n",
        "lines": b"\xef\xbb\xbf" + b"\r\n".join(items),
    }[form]
    made = staged({"a.json": content}, {"accounts": {"account_id": "id", "bio": "bio"}})
    assert made.aside == [("accounts", 2, "bad_json")] and made.count("accounts") == 3


def test_a_bad_item_in_a_list_within_a_document(staged):
    content = b'{"x": [{"id": "9"}], "data": {"users": [{"id": "1"}, {"id": "\\ud83d"}, 5]}}'
    made = staged({"a.json": content}, {**IDS, "records": "data.users"})
    assert made.column("SELECT account_id FROM pull_accounts") == ["1"]
    assert [reason for *_, reason in made.aside] == ["bad_json", "bad_json"]


def test_an_array_that_is_cut_is_a_sentence(staged):
    with pytest.raises(UserError, match=r"a\.json ends in the middle of item 2:"):
        staged({"a.json": b'[{"id": "1"}, {"id": "2"'}, IDS)


# -- cut texts


def test_the_longest_text_with_its_own_entities(staged):
    """Streams cut a text at 140 characters; hashtags after that are lost in the outer object."""
    user = {"id_str": "7", "screen_name": "a"}
    long, cut = "w" * 200 + " #Late", "w" * 139 + "…"
    tags = {"hashtags": [{"text": "Late"}], "urls": [], "user_mentions": []}
    none = {"hashtags": [], "urls": [], "user_mentions": []}
    full = {"text": cut, "truncated": True, "entities": none}
    extended = {"extended_tweet": {"full_text": long, "entities": tags}}
    repost = {"text": "RT @a: " + cut[7:], "entities": none}
    posts = [
        {"id_str": "1", **full, **extended},
        {"id_str": "2", **full},
        {"id_str": "3", **repost, "retweeted_status": {"id_str": "1", **full, **extended}},
        {"id_str": "4", **repost, "retweeted_status": {"id_str": "1", **full}},
        {"id_str": "5", **repost},
        {"id_str": "6", "text": "plain #tag"},
        {"id_str": "7", "text": "RT @a: short…", "entities": none},
    ]
    content = "\n".join(json.dumps(p | {"user": user}) for p in posts).encode()
    made = staged({"a.jsonl": content}, {"posts": True}, format="twitter-v1-json")
    assert made.rows("SELECT post_id, length(text), hashtags, kind FROM pull_posts") == [
        ("1", 206, ["Late"], "original"),
        ("2", 140, None, "original"),
        ("3", 206, ["Late"], "repost"),
        ("4", 140, None, "repost"),
        ("5", 140, None, "repost"),
        ("6", 10, ["tag"], "original"),
        ("7", 13, [], "repost"),
    ]
    assert made.notes["cut_text a.jsonl"].startswith("3 posts of a.jsonl have only a cut text")


# -- what a card can say


def coded(**cell):
    return {**IDS, "claims": {"answer": {"column": "label", **cell}}}


def test_otherwise_does_not_take_blanks(staged):
    content = table("id,label", "1,b", "2,h", "3,", "4,?")
    made = staged({"a.csv": content}, coded(codes={"b": "bot"}, otherwise="human"))
    assert made.rows("SELECT account_id, answer FROM pull_claims") == [
        ("1", "bot"), ("2", "human"), ("4", "human")
    ]  # fmt: skip
    assert made.aside == [("claims", 3, "missing_answer")]
    empty = staged({"a.csv": content}, coded(codes={"b": "bot"}, otherwise="human", empty="b"))
    assert empty.column("SELECT answer FROM pull_claims") == ["bot", "human", "bot", "human"]


def test_a_blank_in_an_optional_label_is_no_claim_and_no_fault(staged):
    content = table("id,label", "1,b", "2,", "3,x")
    made = staged({"a.csv": content}, coded(codes={"b": "bot"}, optional=True))
    assert made.counts == {"accounts": 3, "claims": 1}
    assert made.aside == [("claims", 3, "unknown_answer")]
    lacking = staged({"a.csv": table("id", "1")}, coded(codes={"b": "bot"}, optional=True))
    assert lacking.counts == {"accounts": 1} and lacking.aside == []


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ({"codes": {"BOT": "bot"}, "lower": True}, "lower makes all letters small"),
        ({"codes": {" b": "bot"}, "trim": True}, "trim takes its blanks away"),
        ({"codes": {"NA": "bot"}, "nulls": ["NA"]}, "it is one of nulls"),
        ({"codes": {"": "bot"}, "empty": "x"}, "empty says what a blank means"),
        ({"codes": {"a,b": "bot"}, "replace": {",": ";"}}, "replace takes ',' away"),
    ],
)
def test_a_code_that_can_never_match_is_refused(staged, cell, why):
    with pytest.raises(ValueError, match=f"never does, for {why}"):
        staged({"a.csv": b"id,label\n1,b\n"}, coded(**cell))


def test_a_null_code_is_refused_by_the_check(tmp_path):
    from curation.ingest import cards

    card = tmp_path / "card.yaml"
    lines = (
        "id: a\ntitle: t\nplatform: x\nlicence: n\ncitation: n\nsources: [{file: a.csv}]\n"
        "label: {meaning: m, claimant: c}\nreads:\n- format: tabular\n  options:\n"
        "    accounts: {account_id: id}\n    claims: {answer: {column: l, codes: {%s: bot}}}\n"
    )
    card.write_text(lines % "null")
    (problem,) = cards.check(card)
    assert "a key is null" in problem.found and problem.field == "line 12"
    card.write_text(lines % '"null"')
    assert cards.check(card) == []


def test_a_time_that_fits_two_forms_is_set_aside(staged):
    options = {
        "accounts": {
            "account_id": "id",
            "created_at": {"column": "t", "time": ["%d/%m/%Y", "%m/%d/%Y"]},
        }
    }
    content = table("id,t", "1,03/04/2020", "2,13/04/2020", "3,04/13/2020", "4,05/05/2020")
    made = staged({"a.csv": content}, options)
    assert made.aside == [("accounts", 1, "ambiguous_time")]
    assert made.column("SELECT created_at::DATE::VARCHAR FROM pull_accounts") == [
        "2020-04-13", "2020-04-13", "2020-05-05"
    ]  # fmt: skip


def test_labels_by_position(staged):
    """`row` counts from the first row of the file, before filters and with rows set aside."""
    content = table("id,lang", "1,en", "2,de", "3,en,x", "4,en", "5,en")
    when = {"when": {"row": {"bot": {"below": 4}}}, "otherwise": "human"}
    made = staged({"a.csv": content}, {**IDS, "where": {"lang": "en"}, "claims": {"answer": when}})
    assert made.rows("SELECT account_id, answer FROM pull_claims") == [
        ("1", "bot"), ("4", "human"), ("5", "human")
    ]  # fmt: skip
    first = {"answer": {"value": "bot"}, "where": {"row": {"below": 3}}}
    rest = {"answer": {"value": "human"}, "where": {"row": {"at_least": 3}}}
    made = staged({"a.csv": content}, {**IDS, "claims": [first, rest]})
    assert made.rows("SELECT account_id, answer FROM pull_claims") == [
        ("1", "bot"), ("2", "bot"), ("4", "human"), ("5", "human")
    ]  # fmt: skip


def test_a_column_called_row_is_the_column(staged):
    content = table("id,row", "1,b", "2,h")
    made = staged({"a.csv": content}, {**IDS, "where": {"row": "h"}})
    assert made.column("SELECT account_id FROM pull_accounts") == ["2"]


def test_ids_with_quotes_of_their_own_are_told(staged):
    made = staged({"a.csv": table("id", '"""5"""', "5")}, IDS)
    assert made.notes["quoted_ids"].startswith('1 account id has quotes of its own, such as "5":')


def test_repeated_rows_of_a_file_without_ids_are_counted(staged):
    options = {"accounts": {"account_id": {"row": "account"}, "followers": "n"}}
    made = staged({"a.csv": table("n,m", "1,2", "1,2", "3,4", "1,2")}, options)
    assert made.count("accounts") == 4
    assert made.notes["repeated_rows a.csv"].startswith("2 rows of a.csv repeat another")
    assert staged({"a.csv": table("n,m", "1,2", "1,3")}, options).notes == {}


# -- where nothing is left


@pytest.mark.parametrize(
    ("content", "options", "hint"),
    [
        (b"1;a\n2;b\n", {"columns": ["id", "bio"], "header": False}, "It has 1 of ';' (semicolon)"),
        (b"\xe91,a\n\xe92,b\n", {"columns": ["id", "bio"], "header": False}, "It is not UTF-8"),
        (b"x,y,z\n1,a,2\n", {"columns": ["id", "bio"]}, "names 2 columns"),
    ],
)
def test_where_nothing_is_left_the_first_line_says_why(staged, content, options, hint):
    made = staged({"a.csv": content}, {**IDS, **options})
    sentence = made.notes["nothing_kept accounts"]
    assert sentence.startswith("All ") and hint in sentence and "The first line of" in sentence


def test_an_otherwise_that_never_counts_is_a_mistake_of_the_card():
    from curation.ingest.reading.mapping import Cell

    with pytest.raises(ValueError, match="codes, or when, beside otherwise"):
        Cell.model_validate({"column": "label", "otherwise": "human"})
    for beside in ({"column": "label", "codes": {"1": "bot"}}, {"when": {"label": "bot"}}):
        assert Cell.model_validate({**beside, "otherwise": "human"}).otherwise == "human"
