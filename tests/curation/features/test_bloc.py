"""Behaviour strings: the examples that their authors published, letter by letter, and by hand."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from botbench.core.errors import UserError
from curation import features
from curation.store import schema

START = datetime(2021, 10, 4, tzinfo=UTC)
STATUS, PHOTO = "https://x.org/s/status/1", "https://x.org/s/status/2/photo/1"


@pytest.fixture
def connection():
    with duckdb.connect() as made:
        made.execute("SET TimeZone = 'UTC'")
        yield made


def register(connection, posts):
    rows = [
        {"dataset": "d", "account_id": "a", "post_id": str(i), **p} for i, p in enumerate(posts)
    ]
    connection.register("posts", schema.rows("posts", rows))


def strings(connection, posts):
    """The action string with its pauses, and the content words."""
    register(connection, posts)
    return connection.execute(f"""
        SELECT string_agg(pause || act, '' ORDER BY ms), string_agg('(' || content || ')', '' ORDER BY ms)
        FROM {features.view_sql("behaviour", "posts")}""").fetchone()


def computed(connection, posts):
    register(connection, posts)
    connection.register(
        "accounts", schema.rows("accounts", [{"dataset": "d", "account_id": "a", "platform": "x"}])
    )
    return features.compute(
        connection, "FROM accounts", "FROM posts", families=["bloc"]
    ).to_pylist()[0]


def test_the_authors_example_of_three_posts(connection):
    """Figure of the authors' README: a reply, a post and a repost are p.T.r (a dot is any pause of a
    minute or more) and (Emt)(mmt)(mmmmmUt).
    """
    reply = {"kind": "reply", "ref_account_id": "k", "text": f"@k Yes! On the @s too. {PHOTO}"}
    post = {"kind": "original", "text": "The new arrays. Next up? @t and @k install them."}
    repost = {
        "kind": "repost",
        "text": "RT @i: A view of @e by @t, held by @c and @n with @m. https://n.gov/live",
    }
    rows = [
        p | {"created_at": START + timedelta(seconds=100 * i)}
        for i, p in enumerate((reply, post, repost))
    ]
    action, content = strings(connection, rows)
    assert action.replace("□", ".") == "p.T.r" and content == "(Emt)(mmt)(mmmmmUt)"


# Of tests/unit/sample-tweets/tweets_0 in the authors' repository, without text and names: seconds since the
# last, reply (a), reply to oneself (s), post (o) or quote (q), mentions, media.
GAPS = [
    *[(0, "a", 1, 0), (775843, "o", 0, 0), (1307463, "o", 0, 0), (2487545, "o", 0, 0)],
    *[(1909814, "o", 0, 0), (520800, "q", 0, 0), (79, "q", 0, 0), (242, "q", 0, 0)],
    *[(67712, "o", 0, 0), (1770565, "o", 0, 0), (3691882, "o", 0, 0), (4141129, "o", 0, 0)],
    *[(158453, "o", 0, 0), (8665, "s", 0, 0), (954708, "o", 0, 0), (2330745, "o", 0, 0)],
    *[(2685831, "o", 0, 0), (2516911, "q", 0, 0), (1278225, "q", 0, 0), (4251517, "o", 0, 0)],
    *[(3549295, "q", 0, 0), (83729, "a", 6, 0), (283, "a", 2, 0), (151757, "o", 0, 0)],
    *[(102612, "a", 1, 0), (361, "q", 0, 0), (1383, "a", 1, 0), (1371, "a", 2, 0)],
    *[(1097, "a", 3, 0), (1766, "a", 1, 0), (6121, "a", 1, 0), (2621, "a", 1, 0)],
    *[(6054, "a", 1, 0), (247, "a", 1, 0), (366, "a", 2, 0), (269, "a", 1, 0)],
    *[(37589, "o", 0, 0), (5459, "o", 0, 0), (607, "a", 1, 0), (1104, "a", 1, 0)],
    *[
        (143, "q", 0, 1),
        (12036, "q", 0, 0),
        (158456, "o", 0, 0),
        (349, "o", 0, 1),
        (13069, "a", 1, 0),
    ],
]
ACTION = (
    "p | ⚃T | ⚃T | ⚃T | ⚃T | ⚂T□T□T⚁T | ⚃T | ⚄T | ⚄T⚂T⚁π | ⚃T | ⚃T | ⚄T | ⚃T | ⚃T | ⚄T | ⚄T |"
    " ⚁p□p⚂T⚂p⚀T⚀p⚀p⚀p⚀p⚁p⚀p⚁p□p⚀p□p⚁T⚁T⚀p⚀p□T⚁T⚂T⚀T⚁p"
)
CONTENT = (
    "(t) | (t) | (t) | (t) | (t) | (qt)(qt)(qt)(t) | (t) | (t) | (t)(t)(t) | (t) | (t) | (t) | (qt) |"
    " (qt) | (t) | (qt) | (mmmmmt)(mt)(t)(t)(qt)(t)(mt)(mmt)(t)(t)(t)(t)(t)(mt)(t)(t)(t)(t)(t)(Eqt)(qt)(t)(Et)(t)"
)
KINDS = {"a": ("reply", "b"), "s": ("reply", "a"), "o": ("original", None), "q": ("quote", "b")}


def timeline():
    seconds, rows = 0, []
    for gap, letter, mentions, media in GAPS:
        seconds += gap
        kind, whose = KINDS[letter]
        rows.append(
            {
                "created_at": START + timedelta(seconds=seconds),
                "kind": kind,
                "ref_account_id": whose,
                "text": "words",
                "mentions": [f"m{i}" for i in range(mentions)],
                "urls": [STATUS] * (letter == "q") + [PHOTO] * media,
                "hashtags": [],
            }
        )
    return rows


def test_the_authors_timeline_of_45_posts(connection):
    """The strings that the authors' repository gives for it; bars part weeks there."""
    action, content = strings(connection, timeline())
    assert action == ACTION.replace(" | ", "") and content == CONTENT.replace(" | ", "")


def test_features_by_hand(connection):
    """Trr⚀p□T: words Trr, p, T; pauses none, none, ⚀, □; pairs Tr, rr, r⚀p, p□T."""
    kinds = ("original", "repost", "repost", "reply", "original")
    text = ("a", "RT @b: c https://x.org", "RT @b: c https://x.org", "@b so", "#a #b #c #d #e")
    rows = [
        {"created_at": START + timedelta(seconds=s), "kind": k, "text": t}
        for s, k, t in zip((0, 10, 20, 1000, 1100), kinds, text, strict=True)
    ]
    f = computed(connection, rows)
    assert f["bloc_word_size_mean"] == pytest.approx(5 / 3) and f["bloc_word_size_max"] == 3
    assert (
        f["bloc_word_entropy"] == pytest.approx(1.584962500721156) and f["bloc_word_variety"] == 1
    )
    assert f["bloc_word_concentration"] == pytest.approx(1 / 3)
    assert f["bloc_pause_entropy"] == pytest.approx(1.5) and f["bloc_no_pause_share"] == 0.5
    assert f["bloc_minutes_share"] == 0.5 and f["bloc_hours_share"] == f["bloc_days_share"] == 0
    assert f["bloc_pair_entropy"] == 2 and f["bloc_self_share"] == 0
    # Content words t, Ut, Ut, t, HHH+ (five hashtags and no other text).
    assert f["bloc_content_variety"] == pytest.approx(3 / 5) and f["bloc_plain_share"] == 0.4
    assert f["bloc_content_size_mean"] == pytest.approx((1 + 2 + 2 + 1 + 4) / 5)


def test_one_moment_has_one_string(connection):
    """Posts of one moment have no order: their letters are sorted, and other rows change nothing."""
    rows = [
        {"created_at": START + timedelta(seconds=s), "kind": k, "text": "x"}
        for s, k in (
            (0, "original"),
            (900, "repost"),
            (900, "original"),
            (900, "reply"),
            (905, "repost"),
        )
    ]
    assert computed(connection, rows) == computed(connection, rows[::-1])
    assert computed(connection, rows)["bloc_word_size_max"] == 4


def test_what_is_not_known_is_missing(connection):
    undated = computed(connection, [{"kind": "original", "text": "x"}])
    assert {k for k, v in undated.items() if v is not None} == {"account_id"}
    one = computed(connection, [{"created_at": START, "kind": "repost"}])
    assert one["bloc_word_size_max"] == 1
    assert one["bloc_pause_entropy"] is None and one["bloc_content_entropy"] is None
    with pytest.raises(UserError, match="behaviour"):
        features.view_sql("behavior", "posts")
