"""Mastodon, and other servers of the Fediverse that offer its client interface."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from requests.utils import parse_header_links

from botbench.core.errors import UserError
from curation.ingest.live.campaign import LIVE, Step, time_of
from curation.ingest.live.http.answers import Refused
from curation.ingest.live.http.client import Failing
from curation.ingest.live.networks import NETWORKS, Network
from curation.ingest.live.secrets import secret
from curation.ingest.live.streams.server_sent import TOKEN, ServerSent

if TYPE_CHECKING:
    import requests

    from curation.ingest.live.budget import Prices
    from curation.ingest.live.campaign import Campaign, Task
    from curation.ingest.live.http.client import Client

PAGE = 40
"""The most that one answer holds."""
IDS = re.compile(r"[0-9]{6,}|[0-9A-HJKMNP-TV-Z]{26}")
"""Ids of accounts as servers of this interface write them: numbers, or ULIDs."""
FATES = {404: "gone", 410: "deleted"}
POSITION = ("max_id", "min_id", "since_id", "offset", "page", "cursor")
"""Parameters by which a server says where a list goes on."""


class Mastodon:
    """One campaign's questions to one server."""

    def __init__(self, campaign: Campaign, client: Client, _: Prices | None) -> None:
        self.campaign, self.client = campaign, client
        token = secret(TOKEN)
        self.login = token is not None
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def begin(self, known: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Hashtags first, then the accounts of the list and those that are known."""
        yield from (("search", tag) for tag in self.campaign.hashtags)
        yield from (
            ("profile" if IDS.fullmatch(account) else "lookup", account)
            for account in self.campaign.accounts
        )
        yield from (("profile", account) for account in known)

    def price(self, _: list[Task]) -> Decimal:
        """Nothing is charged."""
        return Decimal(0)

    def ask(self, tasks: list[Task]) -> Step:
        """Make one request."""
        task = tasks[0]
        asked = {"search": self._search, "timeline": self._timeline, "lookup": self._lookup}
        return asked.get(task.kind, self._profile)(task)

    def _search(self, task: Task) -> Step:
        try:
            path = f"/api/v1/timelines/tag/{quote(task.subject, safe='')}"
            statuses, after = self._page(path, task, PAGE)
        except Refused as refused:
            self._explain(refused)
            raise
        times = [t for s in statuses if (t := time_of(s.get("created_at")))]
        kept = [s for s in statuses if self.campaign.covers(time_of(s.get("created_at")))]
        since = self.campaign.since
        # The newest come first: a page before the period is the end.
        if since is not None and times and max(times) < since:
            after = None
        authors = dict.fromkeys(
            str(s["account"]["id"])
            for s in kept
            if isinstance(s.get("account"), dict) and s["account"].get("id")
        )
        more = [("timeline", author) for author in authors] if self.campaign.timelines else []
        return Step([self._kept(statuses=kept)], after, more, len(kept), ids=_ids(statuses))

    def _timeline(self, task: Task) -> Step:
        left = max(self.campaign.timelines - task.taken, 1)
        path = f"/api/v1/accounts/{quote(task.subject)}/statuses"
        try:
            statuses, after = self._page(path, task, min(left, PAGE))
        except Refused as refused:
            if refused.status not in FATES:
                raise
            # Gone since it was seen: its profile says more.
            return Step(tasks=[("profile", task.subject)])
        statuses = statuses[:left]
        return Step(
            [self._kept(statuses=statuses)],
            after if len(statuses) < left else None,
            taken=len(statuses),
            ids=_ids(statuses),
        )

    def _lookup(self, task: Task) -> Step:
        """An account of the list: by its handle, else by its id, whose form servers choose."""
        ways: list[tuple[str, dict[str, Any] | None]] = [
            ("/api/v1/accounts/lookup", {"acct": task.subject}),
            (f"/api/v1/accounts/{quote(task.subject)}", None),
        ]
        for path, parameters in ways:
            try:
                account, _ = self._get(path, parameters)
            except Refused as refused:
                if refused.status not in (400, *FATES):
                    raise
                continue
            return self._found(account)
        return Step(gap="a handle of the list names no account that this server knows")

    def _profile(self, task: Task) -> Step:
        try:
            account, _ = self._get(f"/api/v1/accounts/{quote(task.subject)}")
        except Refused as refused:
            fate = FATES.get(refused.status)
            if fate is None:
                raise
            lost = {"id": task.subject, "status": fate, "code": str(refused.status)}
            return Step([self._kept(missing=[lost])])
        return self._found(account)

    def _found(self, account: Any) -> Step:
        if not isinstance(account, dict) or not account.get("id"):
            raise Refused(200, "", "the answer is no account")
        wanted = self.campaign.timelines and account.get("suspended") is not True
        more = [("timeline", str(account["id"]))] if wanted else []
        return Step([self._kept(accounts=[account])], None, more, 1)

    def _page(self, path: str, task: Task, limit: int) -> tuple[list[dict[str, Any]], str | None]:
        """A list's page, and where the next one begins."""
        position = dict(p.partition("=")[::2] for p in (task.cursor or "").split("&") if p)
        found, response = self._get(path, {"limit": limit, **position})
        if not isinstance(found, list):
            raise Refused(response.status_code, "", "the answer is no list")
        items = [i for i in found if isinstance(i, dict)]
        return items, _next(response, items) if items else None

    def _get(
        self, path: str, parameters: dict[str, Any] | None = None
    ) -> tuple[Any, requests.Response]:
        try:
            return self.client.fetch(path, parameters, self.headers)
        except Refused as refused:
            # 403 for one account is of this account; a list of hashtags explains it.
            if refused.status == 401:
                raise self._wants_login(path, refused) from None
            raise

    def _wants_login(self, path: str, refused: Refused) -> UserError:
        what = f"{path.rpartition('/')[0]}/… ({refused})"
        if self.login:
            return UserError(
                f"{self.client.origin} refuses the token of {TOKEN} for {what}. It must be of an"
                " account of this server, with the scope `read`, and not be taken back."
            )
        return UserError(
            f"{self.client.origin} wants a login for {what}. Set {TOKEN} (an access token of an"
            " account there, from the environment or the keyring)."
        )

    def _explain(self, refused: Refused) -> None:
        """Raise UserError where no hashtag of this server can be read, and say why."""
        if refused.status in (403, 422):
            raise self._wants_login("/api/v1/timelines/tag/…", refused) from None
        if refused.status not in (400, 404, 405, 410, 501):
            return
        if self._offers_interface():
            # Some servers answer 400 to a token that they do not know.
            if refused.status == 400 and self.login:
                raise self._wants_login("/api/v1/timelines/tag/…", refused) from None
            return
        software = f" It says that it is {self.software}." if self.software else ""
        raise UserError(
            f"{self.client.origin} does not offer Mastodon's interface for programs"
            f" ({refused}).{software} Name a server that does with --server URL."
        ) from None

    def _offers_interface(self) -> bool:
        """Whether the server describes itself as servers with this interface do."""
        for version in (1, 2):
            try:
                about, _ = self.client.fetch(f"/api/v{version}/instance")
            except (Refused, Failing):
                continue
            if isinstance(about, dict) and about.get("version"):
                return True
        return False

    def _kept(self, **members: Any) -> dict[str, Any]:
        host = urlsplit(self.client.server).netloc
        about = {"login": self.login, "host": host, "software": self.software}
        return {LIVE: about, **members}

    @cached_property
    def software(self) -> str:
        """The server's software as it says itself (NodeInfo); empty where it does not."""
        try:
            listed, _ = self.client.fetch("/.well-known/nodeinfo")
            path = urlsplit(str(listed["links"][-1]["href"])).path
            document, _ = self.client.fetch(path)
            return str(document["software"]["name"])[:50].lower()
        except (Refused, Failing, UserError, KeyError, IndexError, TypeError, ValueError):
            return ""


def _ids(statuses: list[dict[str, Any]]) -> list[str]:
    return [str(s.get("id")) for s in statuses]


def _next(response: requests.Response, items: list[dict[str, Any]]) -> str | None:
    """Where a list goes on, by its Link header; without a usable one, before its last item.

    Only the position is taken: the address may be relative, or that of another name of the server.
    """
    links = [x for x in parse_header_links(response.headers.get("Link", "")) if x.get("rel")]
    following = [str(x["url"]) for x in links if "next" in x["rel"].lower().split()]
    if links and not following:
        return None
    try:
        query = parse_qs(urlsplit(following[0]).query) if following else {}
    except ValueError:
        query = {}
    position = "&".join(f"{name}={query[name][0]}" for name in POSITION if name in query)
    last = items[-1].get("id")
    return position or (f"max_id={last}" if last else None)


NETWORKS.add(
    "mastodon",
    Network(
        name="mastodon",
        about="Mastodon and servers like it: hashtags, accounts, timelines, the flag `bot`.",
        platform="mastodon",
        server="",
        format="mastodon-live",
        fills=("accounts", "posts", "claims"),
        unknown="posts that the server that is asked has not received; who follows whom; the hour"
        " at which an account was made; whether an account that is gone was suspended",
        ranks={"search": 0, "lookup": 1, "profile": 1, "timeline": 2},
        together={},
        asker=Mastodon,
        stream=ServerSent,
    ),
)
