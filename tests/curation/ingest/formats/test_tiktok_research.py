"""TikTok's interface for research; files made by us, in the shapes of its public reference."""

import json


def video(name, **more):
    return {
        "id": name,
        "video_description": "look #walkaway @ann",
        "create_time": 1700000000,
        "username": "ben",
        "hashtag_names": ["walkaway"],
        "region_code": "US",
        "like_count": 3,
        "comment_count": 4,
        "share_count": 5,
        "view_count": 600,
        **more,
    }


def test_videos(recognised, tmp_path):
    unnamed = video(7311111111111111112)
    del unnamed["username"], unnamed["hashtag_names"]
    answer = {"videos": [video(7311111111111111111), unnamed], "cursor": 2, "has_more": False}
    page = {"data": answer, "error": {"code": "ok", "message": ""}}
    (tmp_path / "a.json").write_text(json.dumps(page))
    made = recognised(tmp_path / "a.json")
    assert made.found.format == "tiktok-research" and made.aside == []
    rest = ("look #walkaway @ann", ["walkaway"], ["ann"], 5, 3, 4, "600", 1700000000)
    assert made.rows(
        "SELECT post_id, account_id, kind, text, hashtags, mentions, reposts, likes, replies,"
        " extra['view_count'], epoch(created_at)::BIGINT FROM pull_posts ORDER BY 1"
    ) == [
        ("7311111111111111111", "ben", "original", *rest),
        ("7311111111111111112", "[unknown]:7311111111111111112", "original", *rest),
    ]
    assert made.column("SELECT account_id FROM pull_accounts") == ["ben"]
    assert "a.json has 1 post without an author" in made.notes["unnamed a.json"]


def test_comments_and_profiles(recognised, tmp_path):
    comment = {"id": 1, "video_id": 9, "text": "no", "create_time": 1700000000, "like_count": 2}
    comments = [
        {**comment, "parent_comment_id": 9, "username": "ann", "reply_count": 1},
        {**comment, "id": 2, "parent_comment_id": 1, "username": "cem"},
    ]
    (tmp_path / "c.json").write_text(json.dumps({"data": {"comments": comments, "cursor": 2}}))
    made = recognised(tmp_path / "c.json")
    assert made.found.format == "tiktok-research" and made.aside == []
    assert made.rows(
        "SELECT post_id, account_id, kind, ref_post_id, replies FROM pull_posts ORDER BY 1"
    ) == [("1", "ann", "reply", "9", 1), ("2", "cem", "reply", "1", None)]
    profile = {
        "username": "ann",
        "display_name": "Ann",
        "bio_description": "I dance",
        "follower_count": 5,
        "following_count": 6,
        "video_count": 7,
        "likes_count": 8,
        "is_verified": True,
    }
    lines = [json.dumps({"data": profile, "error": {"code": "ok"}}), json.dumps({"data": profile})]
    (tmp_path / "p.jsonl").write_text("\n".join(lines))
    made = recognised(tmp_path / "p.jsonl")
    assert made.found.format == "tiktok-research" and made.aside == []
    assert made.rows(
        "SELECT account_id, handle, display_name, bio, followers, following, posts_total, verified,"
        " extra['likes_count'] FROM pull_accounts"
    ) == [("ann", "ann", "Ann", "I dance", 5, 6, 7, True, "8")]
