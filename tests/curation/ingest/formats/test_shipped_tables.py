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
    "crowdtangle-export": (
        b"Page Name,User Name,Facebook Id,Likes at Posting,Followers at Posting,Post Created,Type,"
        b"Total Interactions,Likes,Comments,Shares,URL,Message,Link\n"
        b'Ann,ann,15,"1,800","1,900",2020-07-03 09:00:01 EDT,Link,"25,305","1,500",2,3,'
        b"http://a/1,hello #x,http://b/1\n",
        [("15", "http://a/1", "2020-07-03T13:00:01Z", "hello #x")],
    ),
    "crowdtangle-instagram": (
        b"Account,User Name,Followers at Posting,Post Created,Type,Total Interactions,Likes,"
        b"Comments,Views,URL,Link,Photo,Title,Description\n"
        b"Ann,ann,5,2021-01-02 03:04:05 CET,Photo,2,1,1,0,http://a/1,http://a/1,x,,hello\n",
        [("ann", "http://a/1", "2021-01-02T02:04:05Z", "hello")],
    ),
    "ira-tweets": (
        b"external_author_id,author,content,region,language,publish_date,harvested_date,following,"
        b"followers,updates,post_type,account_type,alt_external_id,tweet_id\n"
        b"906000000000000000,10_GOP,hello,US,English,10/1/2017 19:58,10/1/2017 19:59,1,2,3,RETWEET,"
        b"Right,905874659358453760,914580356430536707\n",
        [("905874659358453760", "914580356430536707", "2017-10-01T19:58:00Z", "hello")],
    ),
    "ira-tweets-by-author": (
        b"author_id,content,region,language,publish_date,harvested_date,following,followers,"
        b"updates,post_type,retweet\n"
        b"10_gop,hello,Unknown,English,2017-09-07 19:52:00,2017-09-07 19:52:00,0,0,1,,0\n",
        [("10_gop", "made.csv:1", "2017-09-07T19:52:00Z", "hello")],
    ),
    "ira-tweets-nbc": (
        b"user_id,user_key,created_at,created_str,retweet_count,text,tweet_id,hashtags\n"
        b'18,ann,1458672844000,2016-03-22 18:54:04,,hello,7,"[""x"",""y""]"\n',
        [("18", "7", "2016-03-22T18:54:04Z", "hello")],
    ),
    "twarc-csv": (
        b"id,conversation_id,referenced_tweets.quoted.id,author_id,created_at,text,"
        b"entities.hashtags,public_metrics.like_count,author.id,author.username\n"
        b'1,1,,5,2024-05-06T07:08:09.000Z,hello,"[{""start"": 0, ""tag"": ""x""}]",3,5,ann\n',
        [("5", "1", "2024-05-06T07:08:09Z", "hello")],
    ),
    "youtube-videos": (
        b"position,channelId,channelTitle,videoId,publishedAt,videoTitle,videoDescription,viewCount,"
        b"likeCount,commentCount\n"
        b"1,UC5,Ann,v1,2020-01-02T03:04:05Z,hello,more,10,3,4\n",
        [("UC5", "v1", "2020-01-02T03:04:05Z", "hello")],
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


def test_the_lists_of_twarc_csv_are_read(recognised, tmp_path):
    (tmp_path / "a.csv").write_bytes(MADE["twarc-csv"][0])
    made = recognised(tmp_path / "a.csv")
    assert made.rows("SELECT hashtags, kind, likes FROM pull_posts") == [(["x"], "original", 3)]
    assert made.rows("SELECT account_id, handle FROM pull_accounts") == [("5", "ann")]


def other_letters(content):
    """The file with its header in capitals; what stands before it stays."""
    mark = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    lines = content.decode(mark).split("\n")
    at = max(range(len(lines)), key=lambda i: len(lines[i].split(",")) + lines[i].count("\t"))
    at = next(i for i in range(at + 1) if lines[i].count(",") + lines[i].count("\t") > 4)
    lines[at] = lines[at].upper()
    return "\n".join(lines).encode(mark)


@pytest.mark.parametrize("name", MADE)
def test_the_letters_of_a_header_may_be_others(recognised, tmp_path, name):
    content, posts = MADE[name]
    (tmp_path / "made.csv").write_bytes(other_letters(content))
    made = recognised(tmp_path / "made.csv")
    assert (made.found.format, made.found.sure, made.aside) == (name, 0.9, [])
    assert made.rows("SELECT account_id, post_id FROM pull_posts") == [p[:2] for p in posts]


def test_brandwatch_without_lines_before_the_header_or_an_author(recognised, tmp_path):
    """A news site's mention has no author: it goes by its site. No line is skipped unseen."""
    (tmp_path / "a.csv").write_bytes(
        b"Query Id,Query Name,Date,Url,Domain,Author,Full Text,Twitter Followers\n"
        b"1,q,2024-05-06 07:08:09.0,http://a/1,a.example,ann,hello,5\n"
        b"1,q,31/05/2024 07:08,http://a/2,a.example,,hello,\n"
        b"1,q,06/05/2024 07:08,http://a/3,a.example,bob,hello,\n"
    )
    made = recognised(tmp_path / "a.csv")
    when = "strftime(created_at, '%Y-%m-%dT%H:%MZ')"
    assert made.rows(f"SELECT account_id, {when} FROM pull_posts ORDER BY post_id") == [
        ("ann", "2024-05-06T07:08Z"), ("a.example", "2024-05-31T07:08Z"),
    ]  # fmt: skip
    assert made.column("SELECT followers FROM pull_accounts WHERE account_id = 'ann'") == [5]
    assert made.aside == [("accounts", 3, "ambiguous_time"), ("posts", 3, "ambiguous_time")]


def test_tweets_of_meltwater_are_of_their_authors(recognised, tmp_path):
    """The source of each is Twitter, which is no account."""
    (tmp_path / "a.csv").write_bytes(
        b"Date,Headline,URL,Opening Text,Hit Sentence,Source,Reach,Twitter Screen Name,"
        b"Twitter Followers\n"
        b"06-May-2024 07:08AM,,http://t/1,,hello,Twitter,,@ann,7\n"
        b'06-May-2024 07:09AM,A headline,http://n/2,,,The Daily,"1,200",,\n'
    )
    made = recognised(tmp_path / "a.csv")
    assert made.aside == []
    assert made.rows("SELECT account_id, text FROM pull_posts ORDER BY post_id DESC") == [
        ("@ann", "hello"), ("The Daily", "A headline"),
    ]  # fmt: skip
    assert made.rows("SELECT account_id, followers FROM pull_accounts ORDER BY followers") == [
        ("@ann", 7), ("The Daily", 1200),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "found"), [(None, []), ("America/Chicago", ["2020-12-03T15:00:01Z"])]
)
def test_a_name_of_several_zones_is_not_guessed(staged, zone, found):
    """CST is Chicago's and Shanghai's; `zone` on the card says which."""
    content = (
        b"User Name,Facebook Id,Post Created,Type,Total Interactions,URL,Message\n"
        b"ann,15,2020-12-03 09:00:01 CST,Link,2,http://a/1,hello\n"
    )
    made = staged({"a.csv": content}, {"zone": zone} if zone else {}, format="crowdtangle-export")
    assert made.column("SELECT strftime(created_at, '%Y-%m-%dT%H:%M:%SZ') FROM pull_posts") == found
    assert {reason for _, _, reason in made.aside} == (set() if zone else {"bad_time"})


@pytest.mark.data
def test_tweets_of_the_internet_research_agency(recognised, shared_data):
    made = recognised(shared_data / "ira-2017-summer/tweets.csv.gz")
    assert made.found.format == "ira-tweets-by-author" and made.aside == []
    assert made.count("posts") == 261_463
    assert made.notes["repeated_rows tweets.csv"].startswith("2,858 rows of tweets.csv repeat")


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
