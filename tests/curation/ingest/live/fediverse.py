"""A server on loopback that replays the documented shapes of Mastodon's client interface: made by
us, nobody in it exists."""

from .servers import Server


class Mastodon(Server):
    """`people` accounts, each with `posts` statuses, every second with #caturday."""

    def __init__(self, people=12, posts=6, page=40, software="mastodon", named=None):
        super().__init__()
        self.page, self.software, self.gone, self.flags, self.links = page, software, {}, {}, True
        self.named = named or self.url
        self.people = {str(10_000_000 + n): n for n in range(people)}
        self.statuses = [
            self._status(a, n, k) for k in range(posts) for a, n in self.people.items()
        ]
        self.statuses.sort(key=lambda s: s["created_at"], reverse=True)
        for number, status in enumerate(self.statuses):
            status["id"] = str(900_000 - number)

    def account(self, number):
        n = self.people[number]
        return {
            "id": number, "username": f"made{n}", "acct": f"made{n}", "display_name": f"Made {n}",
            "locked": False, "bot": False, "discoverable": True, "indexable": False, "noindex": False,
            "created_at": "2023-05-01T00:00:00.000Z", "note": f"<p>nobody &amp; made {n}</p>",
            "url": f"{self.url}/@made{n}", "avatar": f"{self.url}/avatars/{n}.png",
            "followers_count": 5 * n, "following_count": n, "statuses_count": 50 + n,
            "last_status_at": "2026-03-06", "emojis": [], "fields": [],
            **self.flags.get(number, {}),
        }  # fmt: skip

    def _status(self, number, n, k):
        tagged = k % 2 == 0
        tag = ' <a href="x" class="mention hashtag">#<span>caturday</span></a>' if tagged else ""
        return {
            "created_at": f"2026-03-{1 + k:02d}T{n % 24:02d}:00:00.000Z", "author": number,
            "content": f"<p>made {k} of {n}{tag}</p>", "language": "en", "in_reply_to_id": None,
            "in_reply_to_account_id": None, "reblog": None, "visibility": "public",
            "reblogs_count": k, "favourites_count": n, "replies_count": 0, "media_attachments": [],
            "tags": [{"name": "caturday", "url": "x"}] if tagged else [], "mentions": [],
            "application": {"name": "made"},
        }  # fmt: skip

    def _shown(self, status):
        rest = {k: v for k, v in status.items() if k != "author"}
        return {**rest, "account": self.account(status["author"])}

    def answer(self, path, query):
        parts = path.strip("/").split("/")
        if path == "/.well-known/nodeinfo":
            link = {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": f"{self.named}/nodeinfo/2.0"}  # fmt: skip
            return 200, {"links": [link]}, {}
        if path == "/nodeinfo/2.0":
            return 200, {"version": "2.0", "software": {"name": self.software, "version": "1"}}, {}
        if parts[2:4] == ["timelines", "tag"]:
            found = [s for s in self.statuses if f"<span>{parts[4]}</span>" in s["content"]]
            return self._listed(found, path, query)
        if parts[2:] == ["accounts", "lookup"]:
            number = next((a for a in self.people if self.account(a)["acct"] == query["acct"][0]), None)  # fmt: skip
            return (200, self.account(number), {}) if number else NOT_THERE
        if parts[2] == "accounts":
            number = parts[3]
            if number in self.gone:
                return self.gone[number]
            if number not in self.people:
                return NOT_THERE
            if len(parts) == 4:
                return 200, self.account(number), {}
            return self._listed([s for s in self.statuses if s["author"] == number], path, query)
        return NOT_THERE

    def _listed(self, found, path, query):
        before = int(query.get("max_id", ["999999999"])[0])
        size = min(int(query.get("limit", ["20"])[0]), self.page)
        chunk = [s for s in found if int(s["id"]) < before][:size]
        headers = {}
        if chunk and self.links:
            last, first = chunk[-1]["id"], chunk[0]["id"]
            headers["Link"] = (
                f'<{self.named}{path}?limit={size}&max_id={last}>; rel="next", '
                f'<{self.named}{path}?limit={size}&min_id={first}>; rel="prev"'
            )
        return 200, [self._shown(s) for s in chunk if s["author"] not in self.gone], headers


NOT_THERE = (404, {"error": "Record not found"}, {})
GONE = (410, {"error": "Gone"}, {})
