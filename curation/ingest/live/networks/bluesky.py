"""Bluesky, by the AT Protocol's interface of an AppView, or of a PDS that passes requests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botbench.core.errors import UserError
from curation.ingest.live.campaign import LIVE, Step, time_of
from curation.ingest.live.http.answers import Refused, refusal
from curation.ingest.live.networks import NETWORKS, Network, missing_extra, objects
from curation.ingest.live.secrets import secret
from curation.ingest.live.streams.jetstream import Jetstream

if TYPE_CHECKING:
    from curation.ingest.live.budget import Prices
    from curation.ingest.live.campaign import Campaign, Task
    from curation.ingest.live.http.client import Client

PUBLIC = "https://public.api.bsky.app"
HANDLE, PASSWORD = "BLUESKY_HANDLE", "BLUESKY_APP_PASSWORD"
PAGE = 100
"""The most that one answer holds; more is an error."""
PROFILES = 25
MANY = 900
"""Results after which the end of a search may be that of what a search gives."""
TICK = timedelta(milliseconds=1)
FATES = {
    "AccountTakedown": "suspended",
    "AccountSuspended": "suspended",
    "AccountDeactivated": "deactivated",
}
"""The error by which the network says what became of an account, and the status."""


class Bluesky:
    """One campaign's questions to one server of the AT Protocol."""

    def __init__(self, campaign: Campaign, client: Client, _: Prices | None) -> None:
        self.campaign, self.client = campaign, client
        self.sdk = _logged_in(client)
        self.login = self.sdk is not None
        self.headers = (
            {"atproto-accept-labelers": campaign.more["labelers"]}
            if campaign.more.get("labelers")
            else {}
        )

    def begin(self, known: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Searches first, then profiles of the list and of accounts that are known."""
        yield from (("search", tag) for tag in self.campaign.hashtags)
        yield from (("profile", account) for account in (*self.campaign.accounts, *known))

    def price(self, _: list[Task]) -> Decimal:
        """Nothing is charged."""
        return Decimal(0)

    def ask(self, tasks: list[Task]) -> Step:
        """Make one request."""
        task = tasks[0]
        if task.kind == "profile":
            return self._profiles(tasks)
        return {"search": self._search, "timeline": self._timeline, "missing": self._missing}[
            task.kind
        ](task)

    def _search(self, task: Task) -> Step:
        window = Window.of(task)
        try:
            page = self._query(
                "app.bsky.feed.searchPosts",
                q=f"#{task.subject}", tag=[task.subject], sort="latest", limit=PAGE,
                cursor=window.cursor or None, since=_time(self.campaign.since),
                until=window.until or _time(self.campaign.until),
            )  # fmt: skip
        except Refused as refused:
            # A search ends after some thousand results, by an error or by an empty page.
            if refused.status != 400 or not window.cursor:
                raise
            page = {LIVE: self._about(), "posts": []}
        posts = [p for p in objects(page.get("posts")) if self.campaign.covers(_created(p))]
        authors = dict.fromkeys(p["author"]["did"] for p in posts if _did(p.get("author")))
        after, memo = window.after(_next(page), [_created(p) for p in posts])
        more = [("profile", did) for did in authors]
        # Also those outside of the period: a server that pays no heed to it begins with newer ones.
        ids = [str(p.get("uri")) for p in objects(page.get("posts"))]
        return Step([{**page, "posts": posts}], after, more, len(posts), memo=memo, ids=ids)

    def _profiles(self, tasks: list[Task]) -> Step:
        asked = [t.subject for t in tasks]
        page = self._query("app.bsky.actor.getProfiles", actors=asked)
        found = [p for p in objects(page.get("profiles")) if _did(p)]
        # What is gone, is left out without a word.
        there = {n.lower() for p in found for n in (p["did"], str(p.get("handle", "")))}
        gone = [("missing", a) for a in asked if a.lower() not in there]
        return Step([page], None, [*self._timelines(found), *gone], len(found))

    def _timelines(self, found: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return [("timeline", p["did"]) for p in found] if self.campaign.timelines else []

    def _timeline(self, task: Task) -> Step:
        left = max(self.campaign.timelines - task.taken, 1)
        try:
            page = self._query(
                "app.bsky.feed.getAuthorFeed",
                actor=task.subject, limit=min(left, PAGE), filter="posts_with_replies",
                cursor=task.cursor,
            )  # fmt: skip
        except Refused as refused:
            # Gone since its profile was seen: that is what is to be observed.
            return Step(
                tasks=[("missing", task.subject)],
                gap=None if _fate(refused) else f"timeline: {refused}",
            )
        feed = objects(page.get("feed"))[:left]
        return Step(
            [{**page, "feed": feed}],
            _next(page) if len(feed) < left else None,
            taken=len(feed),
            ids=[_of_feed(item) for item in feed],
        )

    def _missing(self, task: Task) -> Step:
        """One account that was left out: what became of it."""
        try:
            profile = self._query("app.bsky.actor.getProfile", actor=task.subject)
        except Refused as refused:
            fate = _fate(refused)
            if fate is None:
                raise
            if not task.subject.startswith("did:"):
                return Step(gap=f"a handle of the list names no account that is there ({fate})")
            lost = {"did": task.subject, "status": fate, "code": refused.code}
            return Step([{LIVE: self._about(), "missing": [lost]}])
        about = profile.pop(LIVE)
        return Step([{LIVE: about, "profiles": [profile]}], None, self._timelines([profile]), 1)

    def _query(self, nsid: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a query, with what is to be known about it."""
        asked = urlencode({k: v for k, v in parameters.items() if v is not None}, doseq=True)
        try:
            if self.sdk is None:
                content, answer = self.client.fetch(f"/xrpc/{nsid}?{asked}", headers=self.headers)
            else:
                answer = self.sdk.invoke_query(f"{nsid}?{asked}", headers=dict(self.headers))
                content = answer.content
        except Refused as refused:
            if refused.status in (401, 403):
                raise UserError(
                    f"{self.client.origin} wants a login for {nsid.rpartition('.')[2]}"
                    f" ({refused}). Set {HANDLE} and {PASSWORD} (an app password, from the"
                    " environment or the keyring), and name your PDS with --server."
                ) from None
            raise
        if not isinstance(content, dict):
            raise Refused(answer.status_code, "", "the answer is no JSON object")
        labelers = answer.headers.get("atproto-content-labelers", "")
        said = [part.partition(";")[0].strip() for part in labelers.split(",") if part.strip()]
        return {**content, LIVE: self._about(said)}

    def _about(self, labelers: Iterable[str] = ()) -> dict[str, Any]:
        return {"login": self.login, "labelers": list(labelers)}


@dataclass(frozen=True)
class Window:
    """Where a search is: results until a time, from a cursor on.

    A search gives only its first some thousand results. Where a window with many of them ends, the
    next one begins at the oldest post, until one brings nothing older.
    """

    until: str = ""
    cursor: str = ""
    oldest: str = ""
    count: int = 0

    @classmethod
    def of(cls, task: Task) -> Window:
        """The window in which a task is."""
        until, _, cursor = (task.cursor or "").partition("|")
        oldest, _, count = task.memo.partition("|")
        return cls(until, cursor, oldest, int(count or 0))

    def is_ignored(self, times: list[datetime | None]) -> bool:
        """Whether the server pays no heed to `until`, and so gives the last window again."""
        return bool(self.until and times) and all(t and _exact(t) >= self.until for t in times)

    def after(self, cursor: str | None, times: list[datetime | None]) -> tuple[str | None, str]:
        """The task's cursor and memo after a page with posts of these times; None at the end."""
        if self.is_ignored(times):
            return None, ""
        oldest = min(
            [self.oldest] * bool(self.oldest) + [_exact(t) for t in times if t], default=""
        )
        count = self.count + len(times)
        if cursor is not None:
            return f"{self.until}|{cursor}", f"{oldest}|{count}"
        # The oldest post itself comes again.
        following = _exact(datetime.fromisoformat(oldest) + TICK) if oldest else ""
        is_over = count < MANY or not oldest or following == self.until
        return (None, "") if is_over else (f"{following}|", "")


def _exact(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")[:-4] + "Z"


def _created(post: dict[str, Any]) -> datetime | None:
    record = post.get("record")
    return time_of(record.get("createdAt")) if isinstance(record, dict) else None


def _logged_in(client: Client) -> Any:
    """The library's client with the user's login, making its requests by ours; None without one.

    The library keeps the session and renews it. Raises UserError where the login is refused.
    """
    handle, password = secret(HANDLE), secret(PASSWORD)
    if not handle or not password:
        return None
    sdk = _sdk(client)
    try:
        sdk.login(handle, password, fetch_bsky_profile=False)
    except Refused as refused:
        raise UserError(
            f"The login of {HANDLE} and {PASSWORD} was refused ({refused}). Make an app password,"
            " and name your PDS with --server."
        ) from None
    # The library goes on to the account's own server; only the one that was named is asked.
    sdk.update_base_url(client.server)
    return sdk


def _sdk(client: Client) -> Any:
    """The library's client, whose requests ours makes."""
    try:
        import httpx
        from atproto_client import Client as Sdk
        from atproto_client.request import Request
    except ImportError:
        raise missing_extra("bluesky with a login", "atproto") from None

    class Through(Request):
        """The library's requests, made by our client."""

        def _send_request(self, method: str, url: str, **options: Any) -> httpx.Response:
            headers = self.get_headers(options.get("headers"))
            headers.pop("User-Agent", None)
            response = client.request(method, url, data=options.get("content"), headers=headers)
            if response.status_code >= 400:
                raise refusal(response)
            # The body is unpacked already.
            kept = {
                k: v
                for k, v in response.headers.items()
                if k.lower() not in ("content-encoding", "content-length", "transfer-encoding")
            }
            return httpx.Response(response.status_code, headers=kept, content=response.content)

    return Sdk(base_url=client.server, request=Through())


def _fate(refused: Refused) -> str | None:
    """What an error says became of an account; None where it says something else."""
    if refused.code in FATES:
        return FATES[refused.code]
    text = refused.message.lower()
    return "gone" if refused.status in (400, 404) and "not found" in text else None


def _next(page: dict[str, Any]) -> str | None:
    """Where a list goes on. An empty page may be one whose items were all left out."""
    cursor = page.get("cursor")
    return str(cursor) if cursor else None


def _of_feed(item: dict[str, Any]) -> str:
    """The post of a timeline's item, and whether it stands there as a repost."""
    post = item.get("post")
    return f"{post.get('uri') if isinstance(post, dict) else ''} {'reason' in item}"


def _did(person: Any) -> bool:
    return isinstance(person, dict) and str(person.get("did", "")).startswith("did:")


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z") if moment else None


NETWORKS.add(
    "bluesky",
    Network(
        name="bluesky",
        about="Bluesky: hashtags, profiles, timelines and labels, by an AppView's interface.",
        platform="bluesky",
        server=PUBLIC,
        format="bluesky-live",
        fills=("accounts", "posts", "claims"),
        unknown="who follows whom; the client that a post was sent with; labels of labelers that"
        " were not asked for; whether an account that is gone was deleted",
        ranks={"search": 0, "profile": 1, "missing": 2, "timeline": 3},
        together={"profile": PROFILES},
        asker=Bluesky,
        takes_labelers=True,
        stream=Jetstream,
        stream_server="wss://jetstream1.us-east.bsky.network/subscribe",
    ),
)
