"""The views that features read: expressions over accounts and posts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from functools import cache
from typing import TYPE_CHECKING, Any

from botbench.core.errors import unknown
from curation.features._functions import dialect, epoch_ms, fingerprint, found_in, lower
from curation.store.schema import TABLES

if TYPE_CHECKING:
    from ibis.expr.types import Table

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
PAUSE_MS = 4 * HOUR_MS
"""A pause as long as this may be sleep."""

OWN = "="
"""What `posts.ref_account_id` is in a view where a post refers to the account's own posts: engines
may put a number in place of an account's id.
"""

VIEWS: dict[str, Callable[[Table], Table]] = {}
"""Views by name; `accounts` and `posts` are the tables themselves."""


KEPT: list[str] = []
"""Views that several others read, each after those that it reads: an engine may keep their rows."""


def kept(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Say of a view that an engine may keep its rows, for the views that read it."""
    KEPT.append(function.__name__)
    return function


SLICED: list[str] = []
"""Views with several rows a post: an engine may group those of some accounts after the other."""


def sliced(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Say of a view that an engine may group its rows by slices of accounts."""
    SLICED.append(function.__name__)
    return function


def view(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Register the decorated function as a view; raises ValueError where the name is taken."""
    name = function.__name__
    if name in VIEWS:
        raise ValueError(f"two views are called {name!r}")
    VIEWS[name] = function
    return function


def expression(name: str, over: Collection[str] = ()) -> Table:
    """A view as an Ibis expression over the unbound tables `__accounts__` and `__posts__`.

    Views that stand in `over` are unbound tables themselves (`kept_table`). Raises UserError for an
    unknown view.
    """
    if name not in VIEWS:
        raise unknown("view of features", name, VIEWS)
    function = VIEWS[name]
    parameter = next(iter(inspect.signature(function).parameters))
    if parameter == name:
        return function(_unbound(parameter))
    return function(kept_table(parameter) if parameter in over else expression(parameter, over))


def kept_table(name: str) -> Table:
    """The unbound table `__kept_NAME__` with the columns of a view."""
    return _of_columns(name, dialect())


@cache
def _of_columns(name: str, _dialect: str) -> Any:
    """A kept view's columns; types of numbers differ by dialect."""
    import ibis

    return ibis.table(expression(name).schema(), name=placeholder(f"kept_{name}"))


def placeholder(table: str) -> str:
    """The placeholder of a table in the SQL of a view."""
    return f"__{table}__"


@cache
def _unbound(table: str) -> Any:
    import ibis

    types = {
        "VARCHAR": "string",
        "BIGINT": "int64",
        "DOUBLE": "float64",
        "BOOLEAN": "boolean",
        "VARCHAR[]": "array<string>",
        "TIMESTAMPTZ": "timestamp('UTC')",
        "MAP(VARCHAR, VARCHAR)": "map<string, string>",
    }
    return ibis.table(
        {c.name: types[c.type] for c in TABLES[table].columns}, name=placeholder(table)
    )


@view
def accounts(accounts: Table) -> Table:
    """One row an account; `age_days` at the observation (NULL where unknown or not positive)."""
    age = epoch_ms(accounts.observed_at) - epoch_ms(accounts.created_at)
    return accounts.mutate(age_days=(age > 0).ifelse(age.cast("float64") / DAY_MS, None))


@kept
@view
def posts(posts: Table) -> Table:
    """One row a post: `ms` (time), `sort` (its kind), `tags`, `links`, `named`.

    Where the source does not state kind, hashtags, links or mentions, they are read off the text.
    """
    stated = posts.kind.nullif("unknown")
    text = posts.text
    sort = text.startswith("RT @").ifelse(
        "repost", text.startswith("@").ifelse("reply", "original")
    )
    return posts.mutate(
        ms=epoch_ms(posts.created_at),
        sort=stated.isnull().ifelse(text.isnull().ifelse(None, sort), stated),
        tags=posts.hashtags.isnull().ifelse(
            found_in(text, "#", r"#([\p{L}\p{M}\p{N}_]+)", 1), posts.hashtags
        ),
        links=posts.urls.isnull().ifelse(
            found_in(text, "http", r"https?://[^\t\n\f\r ]+"), posts.urls
        ),
        named=posts.mentions.isnull().ifelse(
            found_in(text, "@", r"@([A-Za-z0-9_]+)", 1), posts.mentions
        ),
    )


@view
def gaps(posts: Table) -> Table:
    """One row a dated post, with the times since earlier posts of the account.

    `gap_ms` is the time since the previous post (NULL for the first). `awake_ms` is the time since
    the last pause of 4 hours or more.
    """
    import ibis

    dated = posts.filter(posts.ms.notnull()).select("account_id", "ms")
    before = dated.ms.lag().over(ibis.window(group_by="account_id", order_by="ms"))
    gapped = dated.mutate(gap_ms=dated.ms - before)
    begins = (gapped.gap_ms.isnull() | (gapped.gap_ms >= PAUSE_MS)).ifelse(gapped.ms, None)
    # By range and not by row: posts of one moment have no order.
    began = begins.max().over(ibis.range_window(following=0, group_by="account_id", order_by="ms"))
    return gapped.mutate(awake_ms=gapped.ms - began)


@view
def days(posts: Table) -> Table:
    """One row an account and day (UTC) with posts: `day` since 1970, `n` posts."""
    dated = posts.filter(posts.ms.notnull())
    return dated.group_by("account_id", day=dated.ms // DAY_MS).aggregate(n=dated.count())


@kept
@view
def weekhours(posts: Table) -> Table:
    """One row an account and hour of the week (UTC) with posts: `weekhour` 0 to 167, `n` posts."""
    dated = posts.filter(posts.ms.notnull())
    return dated.group_by("account_id", weekhour=(dated.ms // HOUR_MS) % 168).aggregate(
        n=dated.count()
    )


@view
def hours(weekhours: Table) -> Table:
    """One row an account and hour of the day (UTC) with posts: `hour` 0 to 23, `n` posts."""
    return weekhours.group_by("account_id", hour=weekhours.weekhour % 24).aggregate(
        n=weekhours.n.sum()
    )


@sliced
@view
def words(posts: Table) -> Table:
    """One row an account and word (what blanks separate, case kept): its 64-bit hash, `n` times."""
    spelt = posts.filter(posts.text.notnull())
    each = spelt.select("account_id", word=spelt.text.split(" ").unnest()).filter(
        lambda t: t.word != ""
    )
    # The hash takes a third of the memory of the word, and two words of one account never share one
    # in practice.
    hashed = each.select("account_id", word=fingerprint(each.word))
    return hashed.group_by("account_id", "word").aggregate(n=hashed.count())


def _items(posts: Table, column: str) -> Table:
    each = posts.select("account_id", item=posts[column].unnest()).filter(
        lambda t: t.item.notnull()
    )
    lowered = each.mutate(item=lower(each.item))
    return lowered.group_by("account_id", "item").aggregate(n=lowered.count())


@view
def tags(posts: Table) -> Table:
    """One row an account and hashtag (lower case): `n` times used."""
    return _items(posts, "tags")


@view
def mentioned(posts: Table) -> Table:
    """One row an account and account mentioned (lower case): `n` times."""
    return _items(posts, "named")


@view
def domains(posts: Table) -> Table:
    """One row an account and domain linked to (without www.): `n` links."""
    each = posts.select("account_id", link=posts.links.unnest())
    host = lower(each.link).re_extract(r"^[a-z][a-z0-9+.-]*://(?:[^/@]*@)?(?:www\.)?([^/:?#]+)", 1)
    hosts = each.select("account_id", host=host.nullif(""))
    # Links without a host are left out last: DuckDB would search each link twice to leave them out
    # first.
    counted = hosts.group_by("account_id", "host").aggregate(n=hosts.host.count())
    return counted.filter(counted.n > 0)


@view
def apps(posts: Table) -> Table:
    """One row an account and client (`source_app`): `n` posts sent with it."""
    sent = posts.filter(posts.source_app.notnull())
    return sent.group_by("account_id", "source_app").aggregate(n=sent.count())


@view
def reposted(posts: Table) -> Table:
    """One row an account and account it reposts: `n` reposts."""
    taken = posts.filter((posts.sort == "repost") & posts.ref_account_id.notnull())
    return taken.group_by("account_id", "ref_account_id").aggregate(n=taken.count())
