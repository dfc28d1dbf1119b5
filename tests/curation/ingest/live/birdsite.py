"""A server on loopback that replays the documented shapes of X's interface v2: made by us, nobody
in it exists."""

from .servers import Server


class X(Server):
    """`people` users, each with `posts` posts, every second with #WalkAway."""

    def __init__(self, people=30, posts=6):
        super().__init__()
        self.users = {str(7_000_000 + n): self._user(n) for n in range(people)}
        self.lost = {}
        self.posts = [self._post(a, n, k) for k in range(posts) for n, a in enumerate(self.users)]
        self.posts.sort(key=lambda p: p["created_at"], reverse=True)

    def _user(self, n):
        return {
            "id": str(7_000_000 + n), "username": f"made{n}", "name": f"Made {n}",
            "description": "nobody", "created_at": "2020-01-01T00:00:00.000Z", "verified": False,
            "protected": False, "location": "", "url": "",
            "public_metrics": {"followers_count": n, "following_count": 1, "tweet_count": 9,
                               "listed_count": 0, "like_count": 2},
        }  # fmt: skip

    def _post(self, author, n, k):
        tag = " #WalkAway" if k % 2 == 0 else ""
        at = f"2026-03-{1 + k:02d}T{n % 24:02d}:{n // 24:02d}:00.000Z"
        return {
            "id": str(10**12 + k * 1000 + n), "author_id": author, "text": f"made {k} of {n}{tag}",
            "created_at": at, "lang": "en", "conversation_id": "1",
            "public_metrics": {"retweet_count": k, "reply_count": 0, "like_count": n,
                               "quote_count": 0},
            "entities": {"hashtags": [{"start": 0, "end": 1, "tag": "WalkAway"}]} if tag else {},
        }  # fmt: skip

    def answer(self, path, query):
        parts = path.strip("/").split("/")
        if parts[1:3] == ["tweets", "search"]:
            found = [p for p in self.posts if query["query"][0] in p["text"]]
            return self._page(found, query, "next_token", 10)
        if parts[1] == "users" and len(parts) == 4:
            own = [p for p in self.posts if p["author_id"] == parts[2]]
            return self._page(own, query, "pagination_token", 5)
        wanted = query.get("ids", query.get("usernames", [""]))[0].split(",")
        field = "id" if "ids" in query else "username"
        there = {u[field]: u for u in self.users.values() if u["id"] not in self.lost}
        data = [there[w] for w in wanted if w in there]
        errors = [
            self.lost.get(w) or {"value": w, "resource_id": w, "title": "Not Found Error",
             "detail": f"Could not find user with {field}: [{w}].", "parameter": field}
            for w in wanted if w not in there
        ]  # fmt: skip
        return (
            200,
            {**({"data": data} if data else {}), **({"errors": errors} if errors else {})},
            {},
        )

    def _page(self, found, query, token, least):
        size = int(query["max_results"][0])
        if not least <= size <= 100:
            return 400, {"title": "Invalid Request", "detail": "max_results"}, {}
        start = int(query.get(token, ["0"])[0])
        chunk = found[start : start + size]
        users = {p["author_id"]: self.users[p["author_id"]] for p in chunk}
        meta = {"result_count": len(chunk)}
        if start + size < len(found):
            meta["next_token"] = str(start + size)
        body = {"data": chunk, "includes": {"users": list(users.values())}} if chunk else {}
        return 200, {**body, "meta": meta}, {"x-rate-limit-remaining": "10"}


def suspended(user):
    return {"value": user, "resource_id": user, "title": "Forbidden", "parameter": "ids",
            "detail": f"User has been suspended: [{user}]."}  # fmt: skip
