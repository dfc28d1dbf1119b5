"""Posts as snscrape and twscrape write them; made by us, by the fields of their public code."""

import json

WHEN = "2021-03-01T12:00:00+00:00"


def user(number, name, **more):
    return {
        "_type": "snscrape.modules.twitter.User",
        "username": name,
        "id": number,
        "displayname": name.title(),
        "rawDescription": f"I am {name}",
        "created": "2010-01-01T00:00:00+00:00",
        "followersCount": 5,
        "friendsCount": 6,
        "statusesCount": 7,
        "favouritesCount": 8,
        "listedCount": 1,
        "verified": False,
        "protected": False,
        "link": None,
        **more,
    }


def post(number, who, text, **more):
    return {
        "_type": "snscrape.modules.twitter.Tweet",
        "url": f"https://twitter.com/x/status/{number}",
        "date": WHEN,
        "rawContent": text,
        "renderedContent": text,
        "id": number,
        "user": who,
        "replyCount": 1,
        "retweetCount": 2,
        "likeCount": 3,
        "quoteCount": 4,
        "conversationId": number,
        "lang": "en",
        "source": '<a href="https://x.test" rel="nofollow">An app</a>',
        "links": None,
        "retweetedTweet": None,
        "quotedTweet": None,
        "inReplyToTweetId": None,
        "inReplyToUser": None,
        "mentionedUsers": None,
        "hashtags": None,
        **more,
    }


def test_posts_with_what_they_repeat_and_quote(recognised, tmp_path):
    ann, ben = user(1357924680135792468, "ann"), user(2, "ben", link={"url": "https://ben.test"})
    first = post(
        11,
        ben,
        "A long text with #walkaway and a link",
        hashtags=["walkaway"],
        links=[{"text": "a", "url": "https://a.test", "tcourl": "https://t.co/a"}],
        mentionedUsers=[user(3, "cem")],
    )
    lines = [
        post(12, ann, "RT @ben: A long text with #walk…", retweetedTweet=first),
        post(13, ann, "see", quotedTweet=post(14, user(4, "dee"), "quoted")),
        post(15, ben, "@ann no", inReplyToTweetId=12, inReplyToUser=ann),
    ]
    text = "\n".join(map(json.dumps, lines)) + "\n{broken\n"
    (tmp_path / "a.jsonl").write_text(text)
    made = recognised(tmp_path / "a.jsonl")
    assert made.found.format == "snscrape" and made.aside == [("posts", 4, "bad_json")]
    posts = """SELECT post_id, account_id, kind, text, ref_post_id, ref_account_id, hashtags, urls,
        mentions, extra['referenced'] FROM pull_posts ORDER BY post_id"""
    full, tags, links = first["rawContent"], ["walkaway"], ["https://a.test"]
    a = "1357924680135792468"
    assert made.rows(posts) == [
        ("11", "2", "original", full, None, None, tags, links, ["cem"], "true"),
        ("12", a, "repost", full, "11", "2", tags, links, ["cem"], None),
        ("13", a, "quote", "see", "14", "4", [], [], [], None),
        ("14", "4", "original", "quoted", None, None, [], [], [], "true"),
        ("15", "2", "reply", "@ann no", "12", a, [], [], [], None),
    ]
    numbers = "SELECT DISTINCT source_app, reposts, likes, replies, quotes FROM pull_posts"
    assert made.rows(numbers) == [("An app", 2, 3, 1, 4)]
    people = """SELECT account_id, handle, display_name, bio, url, followers, following,
        posts_total, likes_total, listed, verified FROM pull_accounts ORDER BY handle"""
    rest = (5, 6, 7, 8, 1, False)
    assert made.rows(people) == [
        (a, "ann", "Ann", "I am ann", None, *rest),
        ("2", "ben", "Ben", "I am ben", "https://ben.test", *rest),
        ("4", "dee", "Dee", "I am dee", None, *rest),
    ]


def test_names_of_older_versions_and_of_twscrape(recognised, tmp_path):
    old = post(21, user(5, "eve"), "x", content="old", outlinks=["https://o.test"])
    del old["rawContent"], old["links"]
    (tmp_path / "old.json").write_text(json.dumps([old]))
    made = recognised(tmp_path / "old.json")
    assert made.found.format == "snscrape" and made.aside == []
    assert made.rows("SELECT text, urls FROM pull_posts") == [("old", ["https://o.test"])]
    new = {**post(22, {**user(6, "fay"), "id_str": "6"}, "new"), "id_str": "22"}
    (tmp_path / "new.jsonl").write_text(json.dumps(new) + "\n" + json.dumps(new))
    made = recognised(tmp_path / "new.jsonl")
    assert made.rows("SELECT post_id, account_id, text FROM pull_posts") == [("22", "6", "new")]


def test_accounts_by_themselves(recognised, tmp_path):
    lines = [user(7, "gus"), user(8, "hal")]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    made = recognised(tmp_path / "a.jsonl")
    assert made.found.format == "snscrape" and made.aside == []
    assert made.counts == {"accounts": 2}
