"""Features by hand calculation, against the pandas loop, and in any order and number of buckets."""

import importlib.util
import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from botbench.core.errors import UserError
from curation import features
from curation.store import schema

START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday


def load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def account(account_id="a", **columns):
    return {"dataset": "d", "account_id": account_id, "platform": "twitter", **columns}


def post(account_id="a", at=None, **columns):
    """A post `at` seconds after the start."""
    when = None if at is None else START + timedelta(seconds=at)
    return {"dataset": "d", "account_id": account_id, "created_at": when, **columns}


def computed(accounts, posts, **options):
    """Features by account id, each a dict."""
    posts = [{"post_id": str(i), **p} for i, p in enumerate(posts)]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("some_accounts", schema.rows("accounts", accounts))
        connection.register("some_posts", schema.rows("posts", posts))
        table = features.compute(connection, "FROM some_accounts", "FROM some_posts", **options)
    return {row["account_id"]: row for row in table.to_pylist()}


def of_posts(*posts):
    return computed([account()], posts)["a"]


def of_account(**columns):
    return computed([account(**columns)], [])["a"]


def test_profile_by_hand():
    f = of_account(
        followers=30,
        following=10,
        posts_total=500,
        likes_total=50,
        listed=2,
        handle="Bot_2024x",
        display_name="Bot 7",
        bio="see https://x.org",
        url="",
        location=" ",
        verified=False,
        default_avatar=True,
        created_at=START,
        observed_at=START + timedelta(days=10),
    )
    assert f["followers_following_ratio"] == 3 and f["reputation"] == 0.75
    assert f["age_days"] == 10 and f["posts_total_per_day"] == 50 and f["listed_per_day"] == 0.2
    assert f["handle_length"] == 9 and f["handle_digits"] == 4 and f["handle_digits_share"] == 4 / 9
    assert f["display_name_length"] == 5 and f["display_name_digits"] == 1
    assert (
        f["name_handle_distance"] == 6 / 9
    )  # bot_2024x to bot 7: two letters changed (_ and 2), four removed
    assert f["bio_length"] == 17 and f["bio_has_url"] == 1
    assert f["has_url"] == 0 and f["has_location"] == 0, "said to be empty"
    assert f["verified"] == 0 and f["default_avatar"] == 1 and f["likes_per_post"] == 0.1


def test_an_id_only_account_has_no_feature_at_all():
    assert {k for k, v in of_account().items() if v is not None} == {"account_id"}


def test_division_by_zero_is_missing_and_never_infinite():
    f = of_account(
        followers=5, following=0, posts_total=0, likes_total=3, created_at=START, observed_at=START
    )
    assert f["followers_following_ratio"] == 5, "following taken as at least 1"
    assert f["age_days"] is None and f["followers_per_day"] is None and f["likes_per_post"] is None
    assert of_account(followers=0, following=0)["reputation"] is None
    assert of_account(followers=5)["followers_following_ratio"] is None


def test_an_account_observed_before_it_was_made_has_no_age():
    assert of_account(created_at=START, observed_at=START - timedelta(days=1))["age_days"] is None


def test_lengths_fall_back_to_what_the_source_told():
    f = of_account(extra={"bio_length": "77", "handle_length": "9", "display_name_length": "?"})
    assert (f["bio_length"], f["handle_length"], f["display_name_length"]) == (77, 9, None)
    assert of_account(bio="four", extra={"bio_length": "77"})["bio_length"] == 4
    assert of_account(extra={"profile_use_background_image": "False "})["background_image"] == 0
    assert of_account(extra={"profile_use_background_image": "true"})["background_image"] == 1
    assert of_account(extra={"profile_use_background_image": "so"})["background_image"] is None


def test_gaps_by_hand():
    f = of_posts(post(at=0), post(at=10), post(at=40), post(at=20_000))  # gaps 10, 30, 19,960 s
    mean = 20_000 / 3
    sd = math.sqrt(((10 - mean) ** 2 + (30 - mean) ** 2 + (19_960 - mean) ** 2) / 3)
    assert f["gap_median"] == 30 and f["gap_min"] == 10
    assert f["gap_cv"] == pytest.approx(sd / mean, rel=1e-12)
    assert f["burstiness"] == pytest.approx((sd - mean) / (sd + mean), rel=1e-12)
    assert f["longest_pause"] == pytest.approx(19_960 / 3600) and f[
        "longest_stretch"
    ] == pytest.approx(40 / 3600)
    assert f["posts_per_day"] == pytest.approx(4 * 86_400 / 20_000)


def test_a_clock_is_as_regular_as_can_be_and_never_sleeps():
    f = of_posts(*(post(at=3600 * i) for i in range(72)))
    assert f["gap_cv"] == 0 and f["burstiness"] == -1 and f["longest_stretch"] == 71
    assert f["hour_entropy"] == pytest.approx(math.log2(24), abs=1e-12)
    assert f["weekhour_entropy"] == pytest.approx(math.log2(72), abs=1e-12)
    assert f["quiet_share"] == 0.25 and f["night_share"] == 0.25 and f["weekend_share"] == 0
    assert f["round_second_share"] == 1 and f["round_minute_share"] == 1
    assert (
        f["active_days"] == 3
        and f["posts_per_active_day_median"] == 24
        and f["posts_per_active_day_max"] == 24
    )


def test_regularity_survives_large_numbers():
    """Gaps of a day that differ by 2 s: 1 s of deviation, though their squares have ten digits
    more.
    """
    times = [0]
    for i in range(400):
        times.append(times[-1] + 86_400 + (1 if i % 2 else -1))
    assert of_posts(*(post(at=t) for t in times))["gap_cv"] == pytest.approx(1 / 86_400, rel=1e-12)


def test_posts_of_one_moment_stay_in_one_stretch():
    f = of_posts(
        post(at=0), post(at=0), post(at=20_000), post(at=20_000), post(at=20_000), post(at=27_200)
    )
    assert f["longest_stretch"] == 2 and f["same_moment_share"] == 3 / 5


def test_days_by_hand():
    f = of_posts(
        *(post(at=86_400 * day + i) for day, n in ((0, 1), (1, 3), (9, 11)) for i in range(n))
    )
    assert f["active_days"] == 3 and f["active_days_share"] == 0.3
    assert f["posts_per_active_day_median"] == 3 and f["posts_per_active_day_max"] == 11
    assert f["posts_per_active_day_p95"] == pytest.approx(3 + 0.9 * 8)  # position 1.9 of 0..2


def test_quiet_hours_go_round_midnight_and_saturday_is_a_weekend():
    f = of_posts(*(post(at=3600 * hour) for hour in range(24) if not (hour >= 22 or hour < 4)))
    assert f["quiet_share"] == 0 and f["night_share"] == 2 / 18
    assert (
        of_posts(post(at=5 * 86_400), post(at=6 * 86_400), post(at=7 * 86_400))["weekend_share"]
        == 2 / 3
    )


def test_round_seconds_and_minutes_by_hand():
    f = of_posts(post(at=60), post(at=300.4), post(at=301), post(at=359))
    assert f["round_second_share"] == 0.5 and f["round_minute_share"] == 0.75


def test_text_by_hand():
    f = of_posts(
        post(text="Hi hi you"),
        post(text="Hi hi you"),
        post(text="OK!  \U0001f600\U0001f600"),
        post(text=None),
    )
    assert f["text_length_mean"] == (9 + 9 + 7) / 3
    assert f["text_length_sd"] == pytest.approx(math.sqrt(8 / 9), rel=1e-12)
    assert f["duplicate_text_share"] == pytest.approx(1 / 3)
    assert f["distinct_word_ratio"] == 5 / 8  # Hi hi you OK! and the pair of faces
    assert f["emoji_per_post"] == pytest.approx(2 / 3)
    assert f["upper_case_share"] == 4 / 25 and f["punctuation_share"] == 1 / 25


def test_content_by_hand():
    f = of_posts(
        post(
            kind="repost",
            text="RT @x",
            hashtags=[],
            urls=[],
            mentions=["x"],
            ref_account_id="1",
            reposts=90,
            source_app="web",
        ),
        post(
            kind="repost",
            text="RT @y",
            hashtags=[],
            urls=[],
            mentions=["y"],
            ref_account_id="2",
            source_app="web",
        ),
        post(
            kind="reply",
            text="@X hm",
            hashtags=["Fun", "fun", "sun"],
            mentions=["X"],
            reposts=2,
            likes=4,
            source_app="bot",
        ),
        post(
            kind="original",
            text="so",
            hashtags=["fun"],
            urls=["https://www.A.org/1", "http://b.org"],
            mentions=[],
            likes=1,
        ),
    )
    assert f["repost_share"] == 0.5 and f["reply_share"] == 0.25
    assert (
        f["hashtag_share"] == 0.5
        and f["hashtags_per_post"] == 1
        and f["distinct_hashtag_ratio"] == 0.5
    )
    assert f["hashtag_concentration"] == (9 + 1) / 16
    assert (
        f["mention_share"] == 0.75
        and f["mention_concentration"] == 5 / 9
        and f["distinct_mention_ratio"] == 2 / 3
    )
    assert (
        f["url_share"] == 0.25
        and f["urls_per_post"] == 0.5
        and f["distinct_domains"] == 2
        and f["domain_concentration"] == 0.5
    )
    assert (
        f["repost_concentration"] == 0.5 and f["distinct_apps"] == 2 and f["top_app_share"] == 2 / 3
    )
    assert (
        f["accounts_mentioned"] == 2
        and f["top_mention_share"] == 2 / 3
        and f["accounts_reposted"] == 2
    )
    assert f["mention_entropy"] == pytest.approx(math.log2(3) - 2 / 3) and f["repost_entropy"] == 1
    assert f["reposts_received_mean"] == 2 and f["likes_received_mean"] == 2.5, (
        "what the reposted post got is not theirs"
    )


def test_what_the_source_does_not_state_is_read_off_the_text():
    f = of_posts(
        post(text="RT @Ann: #été http://t.co/a"),
        post(text="@bob #b_1 hi"),
        post(text="x", kind="unknown"),
        post(),
    )
    assert f["repost_share"] == pytest.approx(1 / 3) and f["reply_share"] == pytest.approx(1 / 3)
    assert f["hashtags_per_post"] == pytest.approx(2 / 3) and f["url_share"] == pytest.approx(1 / 3)
    assert f["mention_share"] == pytest.approx(2 / 3)


def test_no_timeline_is_not_zero_posts():
    found = computed([account("a"), account("b", followers=1)], [post("a", at=0, text="hello")])
    posts_features = [f.name for f in features.FEATURES.values() if f.tables == ("posts",)]
    assert found["a"]["posts_seen"] == 1
    assert all(found["b"][name] is None for name in posts_features)


def test_posts_without_times_or_texts_leave_only_their_own_features_missing():
    f = of_posts(post(text="hello"), post(text="you"))
    assert f["posts_seen"] == 2 and f["text_length_mean"] == 4
    assert f["active_days"] is None and f["hour_entropy"] is None and f["gap_median"] is None
    f = of_posts(post(at=0), post(at=5))
    assert f["gap_median"] == 5 and f["gap_cv"] is None, "one gap has no spread"
    assert (
        f["text_length_mean"] is None and f["hashtag_share"] is None and f["repost_share"] is None
    )


def test_types_order_families_and_posts_of_others():
    with duckdb.connect() as connection:
        connection.register(
            "some_accounts",
            schema.rows("accounts", [account(i, followers=1, verified=True) for i in "cab"]),
        )
        connection.register(
            "some_posts", schema.rows("posts", [{**post("elsewhere", at=1), "post_id": "1"}])
        )
        table = features.compute(
            connection, "FROM some_accounts", "FROM some_posts", families=["profile", "timing"]
        )
        with pytest.raises(UserError, match="Did you mean 'timing'"):
            features.compute(
                connection, "FROM some_accounts", "FROM some_posts", families=["timming"]
            )
        connection.execute("CREATE TABLE twice AS FROM some_accounts UNION ALL FROM some_accounts")
        with pytest.raises(ValueError, match="one row an account"):
            features.compute(connection, "FROM twice", "FROM some_posts")
    assert table["account_id"].to_pylist() == ["a", "b", "c"]
    assert {str(t) for t in table.schema.types[1:]} == {"int64", "double"}
    assert (
        str(table.schema.field("verified").type) == "int64"
        and "text_length_mean" not in table.column_names
    )
    assert table["posts_seen"].to_pylist() == [None, None, None]


# -- against the pandas loop

TEXTS = st.lists(
    st.sampled_from(
        [
            "Hello",
            "hello",
            "#Sun",
            "#sun",
            "@ann",
            "@Bob_1",
            "http://www.a.org/x",
            "https://b.net:80?q",
            "\U0001f600",
            "É",
            "!",
            "...",
            "ÀB",
            "",
            "12",
            "¿qué?",
            "中文",
        ]
    ),
    max_size=6,
).map(" ".join) | st.just("RT @ann: well")
TIMES = (
    st.integers(0, 400_000)
    | st.integers(0, 30).map(lambda n: 300 * n)
    | st.floats(0, 3600).map(lambda s: round(s, 3))
)
POSTS = st.fixed_dictionaries(
    {},
    optional={
        "at": TIMES,
        "text": TEXTS,
        "lang": st.sampled_from(["en", "fr"]),
        "kind": st.sampled_from(list(schema.TABLES["posts"].column("kind").vocabulary)),
        "hashtags": st.lists(st.sampled_from(["A", "a", "b"]), max_size=3),
        "urls": st.lists(st.just("http://c.org/1"), max_size=2),
        "mentions": st.lists(st.sampled_from(["x", "Y"]), max_size=2),
        "ref_account_id": st.sampled_from(["1", "2"]),
        "source_app": st.sampled_from(["web", "app"]),
        "reposts": st.integers(0, 10**9),
        "likes": st.integers(0, 50),
    },
)
ACCOUNTS = st.fixed_dictionaries(
    {},
    optional={
        **{
            n: st.integers(0, 10**9)
            for n in ("followers", "following", "posts_total", "likes_total", "listed")
        },
        "handle": st.sampled_from(["", "Ann_1", "b0t2024"]),
        "display_name": st.sampled_from(["", "Ann Bée", "中文 9"]),
        "bio": st.sampled_from(["", "at https://a.org", "É"]),
        "url": st.sampled_from(["", " ", "http://a.org"]),
        "location": st.sampled_from(["", "Rome"]),
        **{
            n: st.booleans() for n in ("verified", "protected", "default_profile", "default_avatar")
        },
        "created_at": st.just(START),
        "observed_at": (
            st.integers(-1, 10**7).map(lambda n: START + timedelta(milliseconds=n * 997))
        ),
        "extra": st.sampled_from(
            [{}, {"bio_length": "3"}, {"profile_use_background_image": "True"}]
        ),
    },
)


def random_data(accounts, posts):
    given_accounts = [account(str(i), **a) for i, a in enumerate(accounts)]
    given_posts = [post(str(i % (len(accounts) + 1)), **p) for i, p in enumerate(posts)]
    return given_accounts, given_posts


def same(ours, theirs, what):
    if ours is None or theirs is None or theirs != theirs:
        assert ours is None and (theirs is None or theirs != theirs), (what, ours, theirs)
    else:
        assert ours == pytest.approx(float(theirs), rel=1e-9, abs=1e-9), what


@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate])
@given(st.lists(ACCOUNTS, min_size=1, max_size=8), st.lists(POSTS, max_size=80))
def test_agrees_with_a_pandas_loop(accounts, posts):
    given_accounts, given_posts = random_data(accounts, posts)
    ours = computed(given_accounts, given_posts)
    a = schema.rows("accounts", given_accounts).to_pandas(maps_as_pydicts="strict")
    p = schema.rows(
        "posts", [{"post_id": str(i), **x} for i, x in enumerate(given_posts)]
    ).to_pandas()
    for theirs in load("features_reference").reference(a, p):
        mine = ours[theirs["account_id"]]
        assert set(theirs) <= set(mine)
        for name, value in mine.items():
            if name != "account_id":
                same(value, theirs.get(name), name)


@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    st.lists(ACCOUNTS, min_size=1, max_size=6),
    st.lists(POSTS, max_size=40),
    st.integers(2, 9),
    st.randoms(use_true_random=False),
)
def test_any_buckets_and_any_order_give_the_same_bits(accounts, posts, buckets, chance):
    given_accounts, given_posts = random_data(accounts, posts)
    expected = computed(given_accounts, given_posts, buckets=1)
    chance.shuffle(given_accounts)
    chance.shuffle(given_posts)
    assert computed(given_accounts, given_posts, buckets=buckets) == expected


@pytest.mark.all_threads
def test_more_rows_than_a_thread_takes_at_once_still_give_the_same_bits():
    """Over 122,880 rows DuckDB's threads share the work, in an order of their own."""
    chance = random.Random(0)
    rest = ", ".join(
        f'NULL::{c.type} AS "{c.name}"'
        for c in schema.TABLES["posts"].columns[4:]
        if c.name != "text"
    )
    query = f"""SELECT 'd' AS dataset, i::VARCHAR AS post_id, (hash(i) % 7)::VARCHAR AS account_id,
        TIMESTAMPTZ '2024-01-01' + to_milliseconds((hash(i, 1) % 9000000000)::BIGINT) AS created_at,
        'word' || (hash(i, 2) % 999) || ' #t' || (hash(i, 3) % 9) AS text, {rest} FROM range(250000) t(i)"""
    results = []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register(
            "some_accounts", schema.rows("accounts", [account(str(i)) for i in range(7)])
        )
        for buckets in (1, 1, 3):
            salt = chance.random()
            connection.execute(
                f"CREATE OR REPLACE TABLE p AS {query} ORDER BY hash(post_id || '{salt}')"
            )
            results.append(
                features.compute(connection, "FROM some_accounts", "FROM p", buckets=buckets)
            )
    assert results[0].equals(results[1]) and results[0].equals(results[2])
    assert sum(results[0]["posts_seen"].to_pylist()) == 250_000


def test_buckets_grow_with_the_posts():
    with duckdb.connect() as connection:
        assert features.buckets_for(connection, "FROM range(0)") == 1
        assert (
            features.buckets_for(connection, "FROM range(1000)", memory=100_000) == 6
        )  # 1,000 posts of 600 bytes
        assert features.buckets_for(connection, "FROM range(1000)", memory=10**9) == 1
