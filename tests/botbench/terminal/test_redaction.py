"""No secret survives in any place; text without a secret stays as it is."""

import base64
import json
import string
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from botbench.terminal import redaction
from botbench.terminal.redaction import scrub, scrubbed

LETTERS = st.text(string.ascii_letters + string.digits, min_size=12, max_size=30)
SIGNS = st.text(string.ascii_letters + string.digits + "!$%&()*+,-.;<>[]^_`{|}~", min_size=12)
ANYTHING = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=12)

QUICK = settings(deadline=None, max_examples=50)

PLACES = {
    "postgres": lambda s: f"cannot open postgresql://ada:{quote(s, safe='')}@db:5432/bots?x=1",
    "no user": lambda s: f"redis://:{quote(s, safe='')}@db",
    "basic": lambda s: f"('https://ada:{quote(s, safe='')}@mlflow.example/api', 3)",
    "token only": lambda s: f"https://{quote(s, safe='')}@host/path",
    "upper case": lambda s: f"POSTGRESQL://ADA:{quote(s, safe='')}@DB/BOTS",
    "query": lambda s: f"postgresql://db/x?user=a&password={quote_plus(s)}&data_path=/d",
    "sas": lambda s: f"https://x.blob/y?sv=2&sig={quote(s, safe='')}",
    "aws": lambda s: f"https://s3/x?X-Amz-Signature={quote(s, safe='')}&X-Amz-Expires=60",
    "invitation": lambda s: f"http://localhost:8080/user/signup/?token={quote(s, safe='')}",
    "libpq": lambda s: f"host=db password={s.replace(' ', '')} dbname=bots",
    "json": lambda s: json.dumps({"user": "ada", "password": s}),
    "python": lambda s: repr({"api_key": s, "n": 3}),
    "call": lambda s: f"connect(host='db', token={s!r})",
    "sql": lambda s: "CREATE SECRET (TYPE s3, SECRET '" + s.replace("'", "''") + "')",
    "setting": lambda s: "SET s3_secret_access_key='" + s.replace("'", "''") + "'",
    "shell": lambda s: f"MLFLOW_TRACKING_PASSWORD={s.replace(' ', '')}",
    "header": lambda s: f"Authorization: Bearer {quote(s, safe='')}",
    "token header": lambda s: f"{{'Authorization': 'Token {quote(s, safe='')}'}}",
    "yaml": lambda s: f"a: 1\n  secret: {json.dumps(s)}\nb: 2",
}


@pytest.mark.parametrize("place", PLACES)
@QUICK
@given(secret=st.one_of(LETTERS, SIGNS, ANYTHING))
def test_no_secret_survives(place, secret):
    assume(secret.strip() == secret and "***" not in secret)
    # What a place writes without quotes ends at a blank or a quote.
    if place in ("libpq", "shell"):
        assume(not any(c.isspace() or c in "\"'\\" for c in secret))
    if place == "sql" or place == "setting":
        assume("\\" not in secret)
    # Else the place itself says it, as "Authorization" in a header does.
    assume(secret not in PLACES[place]("x" * 12))
    text = PLACES[place](secret)
    out = scrub(text)
    assert "***" in out
    for form in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
        assert form not in out


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (
            "postgresql://ada:p%40ss@db.example/bots?data_path=/d",
            "postgresql://ada:***@db.example/bots?data_path=/d",
        ),
        ("postgresql://ada:p@ss@db/bots", "postgresql://ada:***@db/bots"),
        ("postgresql://ada:p/ss@db/bots", "postgresql://ada:***@db/bots"),
        ("x://h/?password=a&data_path=/d#f", "x://h/?password=***&data_path=/d#f"),
        ("host=h password='it''s \\' x' user=u", "host=h password=*** user=u"),
        ('{"token": "a\\"b", "n": 1}', '{"token": ***, "n": 1}'),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2ln and AKIAIOSFODNN7EXAMPLE", "*** and ***"),
        (
            f"Authorization: Basic {base64.b64encode(b'ada:pass').decode()}",
            "Authorization: Basic ***",
        ),
    ],
)
def test_what_is_not_secret_stays_beside_it(text, clean):
    assert scrub(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "There is no Label Studio token: give one by --token or LABEL_STUDIO_API_KEY.",
        "https://mastodon.example:8080/@ada/1",
        "postgresql://ada@db.example/bots?data_path=/d",
        "sqlite:////home/ada/mlruns/mlflow.db",
        "mail ada@example.org; the design=uniform(n=300); n_tokens=512, max_tokens: 20",
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "the basic statistics, bearer of news, key: value, signature of a function",
        '{"keys": "beside the answers", "tokens": 3}',
    ],
)
def test_text_without_a_secret_is_unchanged(text):
    assert scrub(text) == text


@QUICK
@given(st.text())
def test_any_text_without_signs_of_secrets_is_unchanged(text):
    assume(not redaction._pattern(redaction._SIGNS).search(text))
    assert scrub(text) == text


@QUICK
@given(st.text())
def test_scrubbing_twice_changes_nothing_more(text):
    once = scrub(f"{text} password={text}")
    assert scrub(once) == once


def test_a_password_that_is_a_name_of_secrets_hides_no_other(monkeypatch):
    monkeypatch.setattr(redaction, "_known", set())
    monkeypatch.setattr(redaction, "_values", [])
    redaction.remember("secret", "token")
    assert scrub('secret: "abcdefgh"') == "secret: ***"
    assert scrub("postgresql://ada:secret@host/") == "postgresql://ada:***@host/"


def test_values_of_secret_variables_are_replaced_everywhere(monkeypatch):
    monkeypatch.setattr(redaction, "_known", set())
    monkeypatch.setattr(redaction, "_values", [])
    redaction.remember_environment(
        {
            "PGPASSWORD": "kühl & leise",
            "LABEL_STUDIO_API_KEY": "0123456789abcdef0123",
            "MLFLOW_TRACKING_URI": "https://ada:n0t%20said@host",
            "BOTBENCH_STORE": "postgresql://db/x?password=qu3ry",
            "GOOGLE_APPLICATION_CREDENTIALS": "/etc/key.json",
            "TOKENIZERS_PARALLELISM": "false",
            "MY_TOKEN": "abc",
            "DB_PASSWORD": "postgres",
        }
    )
    redaction.remember_arguments(["botbench", "annotate", "--token", "fr0m-argv", "--url", "x"])
    said = (
        "kühl & leise, k%C3%BChl%20%26%20leise, k\\u00fchl & leise; x0123456789abcdef0123x; n0t said,"
        " n0t%20said; qu3ry aqu3ry; /etc/key.json false abc postgres; fr0m-argv"
    )
    assert scrub(said) == (
        "***, ***, ***; x***x; ***, ***; *** aqu3ry; /etc/key.json false abc postgres; ***"
    )
    assert scrubbed({"a": ("fr0m-argv", 1, None), "fr0m-argv": []}) == {
        "a": ["***", 1, None],
        "***": [],
    }
