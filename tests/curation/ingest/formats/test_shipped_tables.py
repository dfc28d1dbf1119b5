"""Tables of CrowdTangle, Brandwatch and others; real files where there are any, else made by us."""

import pytest

from curation.ingest.sources import FORMATS
from curation.ingest.sources.shipped_tables import FOLDER


@pytest.mark.data
def test_crowdtangle(recognised, shared_data):
    made = recognised(shared_data / "formats/crowdtangle/crowdtangle_data_20231123.csv")
    assert made.found.format == "crowdtangle"
    assert made.counts == {"accounts": 7, "posts": 10} and made.aside == []
    assert made.rows(
        "SELECT strftime(min_by(created_at, _row), '%Y-%m-%d %H:%M:%S'), min_by(likes, _row),"
        " min_by(hashtags, _row) FROM pull_posts"
    ) == [("2023-11-23 01:00:00", 3323, ["99AndBelowSaLazada", "SulitipidSaLazada", "LazadaPH"])]


@pytest.mark.data
def test_the_link_checker(recognised, shared_data):
    """Four lines stand before the header; their totals are not those of the rows."""
    made = recognised(shared_data / "formats/crowdtangle/link_checker_sample_download.csv")
    assert made.found.format == "crowdtangle-links"
    assert made.counts == {"accounts": 10, "posts": 10} and made.aside == []
    assert made.rows("SELECT sum(extra['interactions']::INT) FROM pull_posts") == [(21,)]
    when = "strftime(min_by(created_at, _row), '%Y-%m-%dT%H:%M:%SZ')"
    assert made.column(f"SELECT {when} FROM pull_posts") == ["2021-01-14T20:32:05Z"]


@pytest.mark.data
def test_brandwatch(recognised, shared_data):
    made = recognised(shared_data / "formats/brandwatch/column_data.csv")
    assert made.found.format == "brandwatch-api"
    assert made.counts == {"posts": 72} and made.aside == []
    found = "SELECT extra['sentiment'], count(*) FROM pull_posts GROUP BY 1 ORDER BY 1"
    assert made.rows(found) == [("negative", 20), ("neutral", 43), ("positive", 9)]


MADE = {
    "brandwatch": (
        b"Report:,Bulk\nBrand:,x\nFrom:,a\nTo:,b\nLabel:,c\n\n"
        b"Query Id,Query Name,Date,Title,Url,Author,Full Text,X Followers\n"
        b"1,q,2024-05-06 07:08:09.0,t,http://a/1,ann,hello #x,5\n",
        [("ann", "http://a/1", "2024-05-06T07:08:09Z", "hello #x")],
    ),
    "meltwater": (
        "Date\tHeadline\tURL\tOpening Text\tHit Sentence\tSource\tReach\n"
        "06-May-2024 07:08AM\th\thttp://a/1\to\thello\tann\t5\n".encode("utf-16"),
        [("ann", "http://a/1", "2024-05-06T07:08:00Z", "hello")],
    ),
    "youtube-comments": (
        b"id,replyCount,likeCount,publishedAt,authorName,text,authorChannelId,isReplyTo\n"
        b"c1,0,2,2024-05-06T07:08:09Z,Ann,hello,UC5,\n",
        [("UC5", "c1", "2024-05-06T07:08:09Z", "hello")],
    ),
    "twitter-io-tweets": (
        b"tweetid,userid,user_screen_name,follower_count,account_creation_date,tweet_text,"
        b"tweet_time,is_retweet,retweet_tweetid,hashtags\n"
        b'1,7abc=,h,5,2014-01-02,hello,2016-03-04 05:06,false,,"[a, b]"\n',
        [("7abc=", "1", "2016-03-04T05:06:00Z", "hello")],
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_tables_made_by_us(recognised, tmp_path, name):
    content, posts = MADE[name]
    (tmp_path / "made.csv").write_bytes(content)
    made = recognised(tmp_path / "made.csv")
    assert made.found.format == name and made.aside == []
    assert (
        made.rows(
            "SELECT account_id, post_id, strftime(created_at, '%Y-%m-%dT%H:%M:%SZ'), text"
            " FROM pull_posts"
        )
        == posts
    )
    assert made.count("accounts") == 1


def test_the_users_of_an_information_operation(recognised, tmp_path):
    """No claim says bot: that an account was suspended is its status."""
    (tmp_path / "users.csv").write_bytes(
        b"userid,user_display_name,user_screen_name,user_profile_description,follower_count,"
        b"following_count,account_creation_date,account_language\n"
        b"7abc=,n,h,NULL and void,5,6,2014-01-02,en\n"
    )
    made = recognised(tmp_path / "users.csv")
    assert made.counts == {"accounts": 1} and made.found.format == "twitter-io-users"
    assert made.rows("SELECT status, followers, bio FROM pull_accounts") == [
        ("suspended", 5, "NULL and void")
    ]


def test_every_table_of_the_folder_is_a_format():
    assert {p.stem for p in FOLDER.glob("*.yaml")} <= set(FORMATS.all())
