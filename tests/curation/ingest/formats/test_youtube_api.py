"""YouTube's interface; files made by us, in the shapes of its public reference."""

import json

WHEN = "2024-05-01T10:00:00Z"


def comment(name, author, text, **snippet):
    said = {
        "authorDisplayName": f"@{author}",
        "authorChannelId": {"value": f"UC{author}"},
        "textOriginal": text,
        "textDisplay": text,
        "publishedAt": WHEN,
        "likeCount": 3,
        "videoId": "v1",
        **snippet,
    }
    return {"kind": "youtube#comment", "id": name, "snippet": said}


def thread(top, *answers):
    found = {"videoId": "v1", "topLevelComment": top, "totalReplyCount": len(answers)}
    more = {"replies": {"comments": list(answers)}} if answers else {}
    return {"kind": "youtube#commentThread", "id": top["id"], "snippet": found, **more}


def page(kind, *items):
    return {"kind": f"youtube#{kind}ListResponse", "nextPageToken": "x", "items": list(items)}


def test_threads_with_answers(recognised, tmp_path):
    html = comment("c3", "cem", None, textDisplay="see <b>#vote</b>&amp;<br>more")
    del html["snippet"]["textOriginal"]
    gone = comment("c4", "x", "who?")
    del gone["snippet"]["authorChannelId"]
    first = thread(comment("c1", "ann", "hello #vote"), comment("c2", "ben", "no", parentId="c1"))
    pages = [page("commentThread", first, thread(html)), page("commentThread", thread(gone))]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, pages)) + "\n{cut")
    made = recognised(tmp_path / "a.jsonl")
    assert made.found.format == "youtube-api" and made.aside == [("posts", 3, "bad_json")]
    assert made.rows(
        "SELECT post_id, account_id, kind, ref_post_id, text, hashtags, likes, extra['videoId']"
        " FROM pull_posts ORDER BY 1"
    ) == [
        ("c1", "UCann", "original", None, "hello #vote", ["vote"], 3, "v1"),
        ("c2", "UCben", "reply", "c1", "no", [], 3, "v1"),
        ("c3", "UCcem", "original", None, "see #vote&\nmore", ["vote"], 3, "v1"),
        ("c4", "[unknown]:c4", "original", None, "who?", [], 3, "v1"),
    ]
    assert made.notes["unnamed a.jsonl"].startswith("a.jsonl has 1 post without an author")
    assert made.rows("SELECT account_id, display_name FROM pull_accounts ORDER BY 1") == [
        ("UCann", "@ann"), ("UCben", "@ben"), ("UCcem", "@cem")
    ]  # fmt: skip


def test_channels_videos_and_searches(recognised, tmp_path):
    channel = {
        "kind": "youtube#channel",
        "id": "UCann",
        "snippet": {
            "title": "Ann",
            "description": "I sing",
            "customUrl": "@ann",
            "publishedAt": "2012-01-01T00:00:00Z",
            "country": "DE",
        },
        "statistics": {"subscriberCount": "50", "videoCount": "7", "viewCount": "9"},
    }
    hidden = {"subscriberCount": "0", "hiddenSubscriberCount": True, "videoCount": "1"}
    shy = {**channel, "id": "UCshy", "statistics": hidden}
    (tmp_path / "c.json").write_text(json.dumps(page("channel", channel, shy)))
    made = recognised(tmp_path / "c.json")
    assert made.found.format == "youtube-api" and made.aside == []
    assert made.rows(
        "SELECT account_id, handle, display_name, bio, followers, posts_total, year(created_at),"
        " extra['country'] FROM pull_accounts ORDER BY 1"
    ) == [
        ("UCann", "@ann", "Ann", "I sing", 50, 7, 2012, "DE"),
        ("UCshy", "@ann", "Ann", "I sing", None, 1, 2012, "DE"),
    ]
    said = {
        "channelId": "UCann",
        "channelTitle": "Ann",
        "title": "A song",
        "description": "of #spring https://a.test",
        "publishedAt": WHEN,
    }
    video = {
        "kind": "youtube#video",
        "id": "v1",
        "snippet": {**said, "defaultLanguage": "en"},
        "statistics": {"likeCount": "4", "commentCount": "5"},
    }
    hit = {"kind": "youtube#searchResult", "id": {"videoId": "v2"}, "snippet": said}
    no_video = {"kind": "youtube#searchResult", "id": {"channelId": "UCann"}, "snippet": said}
    (tmp_path / "v.json").write_text(json.dumps([video, hit, no_video]))
    made = recognised(tmp_path / "v.json")
    assert made.found.format == "youtube-api" and made.aside == []
    text = "A song\n\nof #spring https://a.test"
    assert made.rows(
        "SELECT post_id, account_id, text, lang, hashtags, urls, likes, replies FROM pull_posts"
        " ORDER BY 1"
    ) == [
        ("v1", "UCann", text, "en", ["spring"], ["https://a.test"], 4, 5),
        ("v2", "UCann", text, None, ["spring"], ["https://a.test"], None, None),
    ]
    assert made.rows("SELECT account_id, display_name FROM pull_accounts") == [("UCann", "Ann")]


def test_a_kind_that_is_no_word(recognised, tmp_path):
    items = [comment("c1", "ann", "hi"), comment("c2", "ben", "ho"), comment("c3", "cem", "he")]
    items[1]["kind"] = {"value": [1]}
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, items)))
    made = recognised(tmp_path / "a.jsonl")
    assert made.found.format == "youtube-api" and made.count("posts") == 2
    assert [(table, row) for table, row, _ in made.aside] == [("posts", 2)]
