"""Whom it turns to: the accounts it mentions and reposts, read off its posts. What needs others'
posts is fitted in the bench.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.features import entropy, feature, per

if TYPE_CHECKING:
    from ibis.expr.types import FloatingValue, IntegerValue, Table

VAROL = "Varol et al. 2017, doi:10.1609/icwsm.v11i1.14871"

NAMED = "posts.mentions posts.text"
REPOSTED = "posts.ref_account_id posts.kind posts.text"


@feature(unit="accounts", needs=NAMED, source=VAROL, revision=1)
def accounts_mentioned(mentioned: Table) -> IntegerValue:
    """Distinct accounts mentioned (its out-degree in the network of mentions); missing without
    mentions.
    """
    return mentioned.count()


@feature(unit="bits", needs=NAMED, source=VAROL, revision=1)
def mention_entropy(mentioned: Table) -> FloatingValue:
    """Entropy of the accounts mentioned: 0 where all mentions are of one; missing without
    mentions.
    """
    return entropy(mentioned.n)


@feature(unit="share", needs=NAMED, source="botbench", revision=1)
def top_mention_share(mentioned: Table) -> FloatingValue:
    """Share of mentions that are of the account mentioned most; missing without mentions."""
    return per(mentioned.n.max(), mentioned.n.sum())


@feature(unit="accounts", needs=REPOSTED, source=VAROL, revision=1)
def accounts_reposted(reposted: Table) -> IntegerValue:
    """Distinct accounts reposted (its out-degree in the network of reposts); missing where it is
    not known whose they are.
    """
    return reposted.count()


@feature(unit="bits", needs=REPOSTED, source=VAROL, revision=1)
def repost_entropy(reposted: Table) -> FloatingValue:
    """Entropy of the accounts reposted: 0 where all reposts are of one; missing where it is not
    known whose they are.
    """
    return entropy(reposted.n)
