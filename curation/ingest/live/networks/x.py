"""X (Twitter) by its interface v2, which charges for each post and each user that it returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.text.numbers import counted
from curation.ingest.live.campaign import LIVE, Step
from curation.ingest.live.http.answers import Refused
from curation.ingest.live.http.client import BudgetSpent
from curation.ingest.live.networks import NETWORKS, Network, objects
from curation.ingest.live.secrets import secret

if TYPE_CHECKING:
    from curation.ingest.live.budget import Budget, Prices
    from curation.ingest.live.campaign import Campaign, Task
    from curation.ingest.live.http.client import Client

TOKEN = "X_BEARER_TOKEN"
PAGE = 100
LEAST = {"search": 10, "timeline": 5, "users": 1}
"""The fewest items that an answer of a kind can be asked for."""
RECENT = timedelta(days=7)
"""How far back the search of recent posts goes; older ones need the full archive."""
POST_FIELDS = (
    "attachments,author_id,context_annotations,conversation_id,created_at,edit_history_tweet_ids,"
    "entities,id,in_reply_to_user_id,lang,note_tweet,public_metrics,referenced_tweets,source,text"
)
USER_FIELDS = (
    "created_at,description,entities,id,location,name,pinned_tweet_id,profile_image_url,protected,"
    "public_metrics,url,username,verified,verified_type,withheld"
)


class X:
    """One campaign's questions to the interface."""

    def __init__(self, campaign: Campaign, client: Client, prices: Prices | None) -> None:
        self.campaign, self.client = campaign, client
        token = secret(TOKEN)
        if token is None:
            raise UserError(
                f"pull x wants a token: set {TOKEN} (the app's bearer token, from the environment"
                " or the keyring)."
            )
        self.headers = {"Authorization": f"Bearer {token}"}
        items = prices.items if prices else {}
        self.post, self.user = items.get("post", Decimal(0)), items.get("user", Decimal(0))

    def begin(self, known: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Searches first, then the users of the list and those that are known."""
        yield from (("search", tag) for tag in self.campaign.hashtags)
        for account in self.campaign.accounts:
            yield ("users" if account.isdigit() else "names", account)
        yield from (("users", account) for account in known)

    def price(self, tasks: list[Task]) -> Decimal:
        """The highest price of the next request: as many items as it asks for, each charged."""
        return self._each(tasks[0]) * self._size(tasks)

    def ask(self, tasks: list[Task]) -> Step:
        """Make one request."""
        task = tasks[0]
        size = self._size(tasks)
        if task.kind == "search":
            path, parameters = self._search(task)
        elif task.kind == "timeline":
            path, parameters = f"/2/users/{task.subject}/tweets", self._period()
        else:
            return self._users(tasks[:size])
        if task.cursor:
            name = "next_token" if task.kind == "search" else "pagination_token"
            parameters[name] = task.cursor
        page = self._get(
            path,
            {
                "max_results": str(size),
                "expansions": "author_id",
                "tweet.fields": POST_FIELDS,
                "user.fields": USER_FIELDS,
                **parameters,
            },
        )
        found = objects(page.get("data"))
        left = self.campaign.timelines - task.taken - len(found)
        is_over = task.kind == "timeline" and left <= 0
        meta = page.get("meta")
        after = meta.get("next_token") if isinstance(meta, dict) else None
        includes = page.get("includes")
        users = objects(includes.get("users")) if isinstance(includes, dict) else []
        more: list[tuple[str, str]] = []
        if task.kind == "search" and self.campaign.timelines:
            more = [("timeline", str(u["id"])) for u in users if u.get("id")]
        return Step(
            [page],
            None if is_over or not after else str(after),
            more,
            len(found),
            spent=self.post * len(found) + self.user * len(users),
            ids=[str(post.get("id")) for post in found],
        )

    def _search(self, task: Task) -> tuple[str, dict[str, str]]:
        since = self.campaign.since
        is_recent = since is None or since > datetime.now(UTC) - RECENT
        return (
            f"/2/tweets/search/{'recent' if is_recent else 'all'}",
            {"query": f"#{task.subject}", **self._period()},
        )

    def _period(self) -> dict[str, str]:
        times = {"start_time": self.campaign.since, "end_time": self.campaign.until}
        return {
            name: moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for name, moment in times.items()
            if moment is not None
        }

    def _users(self, tasks: list[Task]) -> Step:
        names = tasks[0].kind == "names"
        path, member = ("/2/users/by", "usernames") if names else ("/2/users", "ids")
        asked = ",".join(t.subject for t in tasks)
        page = self._get(path, {member: asked, "user.fields": USER_FIELDS})
        users = objects(page.get("data"))
        more = [("timeline", str(u["id"])) for u in users] if self.campaign.timelines else []
        lost = [] if names else [_lost(e) for e in objects(page.get("errors"))]
        unknown = len(tasks) - len(users) if names else 0
        gap = f"{counted(unknown, 'handle')} of the list not found" if unknown else None
        return Step(
            [
                {
                    "meta": {"result_count": len(users)},
                    **page,
                    "missing": [one for one in lost if one],
                }
            ],
            None,
            more,
            len(users),
            gap,
            spent=self.user * len(users),
        )

    def _each(self, task: Task) -> Decimal:
        """The price of one item: a post comes with its author."""
        return self.user if task.kind in ("users", "names") else self.post + self.user

    def _size(self, tasks: list[Task]) -> int:
        """As many items as are wanted and can be paid for; raises BudgetSpent for too few."""
        kind = tasks[0].kind if tasks[0].kind in LEAST else "users"
        wanted = len(tasks) if kind == "users" else PAGE
        if kind == "timeline":
            wanted = min(max(self.campaign.timelines - tasks[0].taken, LEAST[kind]), PAGE)
        left, each = self.client.budget.usd_left, self._each(tasks[0])
        if left is not None and each:
            wanted = min(wanted, int(left / each))
        if wanted < LEAST[kind]:
            budget = self.client.budget
            raise BudgetSpent(
                f"of the budget of {budget.usd} USD, {budget.usd_spent} USD are spent, and the next"
                f" request costs up to {each * LEAST[kind]} USD"
            )
        return wanted

    def _get(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        try:
            page, _ = self.client.fetch(path, parameters, self.headers)
        except Refused as refused:
            if refused.status in (401, 402, 403):
                raise UserError(
                    f"{self.client.origin} refused {path.partition('?')[0]} ({refused}). The token"
                    f" of {TOKEN} must be of an app that may read this"
                    f"{' and has credits' if refused.status == 402 else ''}."
                ) from None
            raise
        if not isinstance(page, dict):
            raise Refused(200, "", "the answer is no JSON object")
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        return {**page, "__twarc": {"retrieved_at": at}, LIVE: {"login": True}}


def _lost(error: dict[str, Any]) -> dict[str, str] | None:
    """A user that was asked for and is not there: what became of it."""
    who = str(error.get("resource_id") or error.get("value") or "")
    said = f"{error.get('title', '')} {error.get('detail', '')}".lower()
    if not who.isdigit():
        return None
    status = "suspended" if "suspended" in said else "gone" if "not found" in said else "unknown"
    return {"id": who, "status": status, "code": str(error.get("title", ""))[:100]}


def told_price(campaign: Campaign, budget: Budget, prices: Prices) -> str:
    """What the campaign may cost; raises UserError without a budget of money."""
    if budget.usd is None:
        raise UserError(
            f"X charges: {prices.sentence()}. Say how much may be spent: --budget 5USD."
        )
    one = prices.items["post"] + prices.items["user"]
    posts = int(budget.usd / one) if one else None
    bought = f"{posts:,} posts with their authors" if posts is not None else "everything"
    each = ""
    if campaign.timelines:
        cost = prices.items["post"] * campaign.timelines + prices.items["user"]
        each = f" The latest {campaign.timelines:,} posts of one account cost up to {cost} USD."
    return f"X charges: {prices.sentence()}. {budget.usd} USD buy at most {bought}.{each}"


NETWORKS.add(
    "x",
    Network(
        name="x",
        about="X (Twitter) by its interface v2: hashtags, accounts, timelines; charged by item.",
        platform="twitter",
        server="https://api.x.com",
        format="x-live",
        fills=("accounts", "posts", "claims"),
        unknown="the cut end of reposts, whose originals would be charged too; who follows whom;"
        " posts before the last seven days without access to the full archive",
        ranks={"search": 0, "names": 1, "users": 1, "timeline": 2},
        together={"names": PAGE, "users": PAGE},
        asker=X,
        told_price=told_price,
        unwatched="X has a filtered stream (/2/tweets/search/stream), which charges for each post"
        " that it sends, so that no budget can be kept.",
    ),
)
