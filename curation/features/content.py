"""What it posts: reposts and replies, links, hashtags and mentions, clients, and what comes
back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.features import concentration, feature, mean, per, share
from curation.features._functions import addable

if TYPE_CHECKING:
    from ibis.expr.types import FloatingValue, IntegerValue, Table

CHU = "Chu et al. 2012, doi:10.1109/TDSC.2012.75"
VAROL = "Varol et al. 2017, doi:10.1609/icwsm.v11i1.14871"
LEE = "Lee et al. 2011, doi:10.1609/icwsm.v5i1.14106"
CRESCI = "Cresci et al. 2015, doi:10.1016/j.dss.2015.09.003"

KIND = "posts.kind posts.text"
TAGS = "posts.hashtags posts.text"
LINKS = "posts.urls posts.text"
NAMED = "posts.mentions posts.text"


@feature(unit="share", needs=KIND, source=VAROL, revision=1)
def repost_share(posts: Table) -> FloatingValue:
    """Share of posts that are reposts; read off the text (`RT @`) where the kind is not stated."""
    return share(posts.sort == "repost")


@feature(unit="share", needs=KIND, source=VAROL, revision=1)
def reply_share(posts: Table) -> FloatingValue:
    """Share of posts that are replies; read off the text (a leading @) where the kind is not
    stated.
    """
    return share(posts.sort == "reply")


@feature(unit="share", needs=LINKS, source=CHU, revision=1)
def url_share(posts: Table) -> FloatingValue:
    """Share of posts with a link."""
    return share(posts.links.length() > 0)


@feature(unit="share", needs=TAGS, source=CRESCI, revision=1)
def hashtag_share(posts: Table) -> FloatingValue:
    """Share of posts with a hashtag."""
    return share(posts.tags.length() > 0)


@feature(unit="share", needs=NAMED, source=LEE, revision=1)
def mention_share(posts: Table) -> FloatingValue:
    """Share of posts that mention an account."""
    return share(posts.named.length() > 0)


@feature(unit="links a post", needs=LINKS, source=LEE, revision=1)
def urls_per_post(posts: Table) -> FloatingValue:
    """Mean number of links."""
    return mean(posts.links.length())


@feature(unit="hashtags a post", needs=TAGS, source=VAROL, revision=1)
def hashtags_per_post(posts: Table) -> FloatingValue:
    """Mean number of hashtags."""
    return mean(posts.tags.length())


@feature(unit="mentions a post", needs=NAMED, source=LEE, revision=1)
def mentions_per_post(posts: Table) -> FloatingValue:
    """Mean number of mentions."""
    return mean(posts.named.length())


@feature(unit="share", needs=TAGS, source="botbench", revision=1)
def hashtag_concentration(tags: Table) -> FloatingValue:
    """Chance that two hashtags drawn from its posts are the same (Herfindahl index); missing
    without hashtags.
    """
    return concentration(tags.n)


@feature(unit="share", needs=TAGS, source=VAROL, revision=1)
def distinct_hashtag_ratio(tags: Table) -> FloatingValue:
    """Distinct hashtags (case aside) divided by hashtags used; missing without hashtags."""
    return per(tags.count(), tags.n.sum())


@feature(unit="share", needs=NAMED, source="botbench", revision=1)
def mention_concentration(mentioned: Table) -> FloatingValue:
    """Chance that two mentions drawn from its posts are of one account; missing without
    mentions.
    """
    return concentration(mentioned.n)


@feature(unit="share", needs=NAMED, source=LEE, revision=1)
def distinct_mention_ratio(mentioned: Table) -> FloatingValue:
    """Distinct accounts mentioned, divided by mentions; missing without mentions."""
    return per(mentioned.count(), mentioned.n.sum())


@feature(unit="share", needs=LINKS, source="botbench", revision=1)
def domain_concentration(domains: Table) -> FloatingValue:
    """Chance that two links drawn from its posts lead to one domain; missing without links."""
    return concentration(domains.n)


@feature(unit="domains", needs=LINKS, source="botbench", revision=1)
def distinct_domains(domains: Table) -> IntegerValue:
    """Distinct domains linked to (without www.); missing without links."""
    return domains.count()


@feature(unit="share", needs=f"posts.ref_account_id {KIND}", source="botbench", revision=1)
def repost_concentration(reposted: Table) -> FloatingValue:
    """Chance that two reposts drawn from its posts are of one account; missing where it is not
    known whose they are.
    """
    return concentration(reposted.n)


@feature(unit="clients", needs="posts.source_app", source=CHU, revision=1)
def distinct_apps(apps: Table) -> IntegerValue:
    """Distinct clients it posts with."""
    return apps.count()


@feature(unit="share", needs="posts.source_app", source=CHU, revision=1)
def top_app_share(apps: Table) -> FloatingValue:
    """Share of posts sent with the client it uses most."""
    return per(apps.n.max(), apps.n.sum())


@feature(unit="reposts a post", needs=f"posts.reposts {KIND}", source=VAROL, revision=1)
def reposts_received_mean(posts: Table) -> FloatingValue:
    """Mean number of times a post of its own (no repost) was reposted."""
    return mean(addable((posts.sort == "repost").ifelse(None, posts.reposts)))


@feature(unit="likes a post", needs=f"posts.likes {KIND}", source=VAROL, revision=1)
def likes_received_mean(posts: Table) -> FloatingValue:
    """Mean number of likes that a post of its own (no repost) got."""
    return mean(addable((posts.sort == "repost").ifelse(None, posts.likes)))
