"""Whom the members amplified and which sites they linked to, over the whole window."""

from __future__ import annotations

import re

from benchmarks.study.data import by_words
from benchmarks.study.operation.day_counts import KINDS
from benchmarks.study.operation.members import Members
from benchmarks.study.questions import Answer, Table, Text
from benchmarks.study.questions.one_post import words_known
from botbench.text.numbers import counted

NAMES = {"account": "accounts", "credited": "by-words", "mention": "mentions"}
"""The table of each kind."""
SITE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}")
SHORTENERS = frozenset(
    {
        "t.co",
        "bit.ly",
        "goo.gl",
        "ow.ly",
        "tinyurl.com",
        "buff.ly",
        "dlvr.it",
        "ift.tt",
        "is.gd",
        "fb.me",
        "wp.me",
        "j.mp",
        "cuit.cc",
        "sh.st",
        "vk.cc",
        "clck.ru",
        "po.st",
        "trib.al",
        "shar.es",
        "lnkd.in",
        "amzn.to",
        "adf.ly",
    }
)
"""Sites that only pass on to another: what was linked to cannot be told from them."""


def amplified(members: Members) -> Answer:
    """The accounts whose posts were reposted and who were mentioned, as ids, by posts."""
    reposts, named = members.query(
        "SELECT count(*) FILTER (kind = 'repost'), count(*) FILTER (kind = 'repost' AND"
        f" ref_account_id IS NOT NULL) FROM {members.posts_sql}"
    )[0]
    answer = Answer()
    if reposts and not named:
        answer.blocks.append(
            Text(
                f"{reposts:,} posts are called reposts, and none of them names the account whose"
                " post it was. Counted are names that texts credit (RT NAME) or mention."
            )
        )
    elif reposts > named:
        answer.blocks.append(
            Text(f"{reposts - named:,} of {reposts:,} reposts do not name whose post it was.")
        )
    for kind, title, ids in (
        ("account", "Reposted most", "account"),
        ("credited", "Passed on most, by the words RT NAME", "name"),
        ("mention", "Mentioned most", "name"),
    ):
        rows = _top(members, kind)
        if rows:
            answer.blocks.append(
                Table(
                    f"amplified-{NAMES[kind]}",
                    title,
                    (ids, "posts", "by members", "largest member's part"),
                    [(item, n, who, most) for item, n, who, most in rows],
                )
            )
    if not answer.blocks:
        answer.blocks.append(Text("No post of a member reposts or mentions anybody."))
    return answer


def passed_on(members: Members) -> Answer:
    """The text that most members passed on, where reposts are known by their words."""
    if not members.frame.one(
        f"SELECT count(*) FROM {members.posts_sql} WHERE kind = 'repost' AND ref_post_id IS NULL"
    ):
        return Answer()
    found = by_words.spread(members.frame, among=members.posts_sql)
    if found is None:
        return Answer()
    posts, accounts = found.counted.posts, found.counted.accounts
    lead = f"The text passed on by most accounts went out {posts:,} times, by {accounts:,} of them."
    return Answer([*words_known(found)], lead=lead)


def sites(members: Members) -> Answer:
    """The sites that were linked to; links of shorteners are counted apart."""
    rows = _top(members, "domain", most=100_000)
    if not rows:
        return Answer([Text("No post of a member has a link.")])
    whole = sum(n for _, n, _, _ in rows)
    hidden = sum(n for item, n, _, _ in rows if item in SHORTENERS)
    shown = [r for r in rows if r[0] not in SHORTENERS and SITE.fullmatch(r[0])]
    cut = whole - hidden - sum(n for _, n, _, _ in shown)
    said = f"{counted(whole, 'post')} link to {counted(len(shown), 'site')}."
    if hidden:
        said = (
            f"{hidden:,} of {whole:,} links go through a service that shortens them: where those"
            " led is not in the data. The table has the others."
        )
    if cut:
        said += f" {cut:,} links are cut so that they name no site."
    table = Table(
        "sites",
        "Sites linked to, without shorteners",
        ("site", "posts", "by members", "largest member's part"),
        [(item, n, who, most) for item, n, who, most in shown],
    )
    return Answer([Text(said), table] if shown else [Text(said)], lead=said)


def _top(members: Members, kind: str, most: int = 1000) -> list[tuple[str, int, int, float]]:
    """(item, posts, members, the largest member's part), the most posted first."""
    expression, source = KINDS.get(kind, ("item", f"list_value({by_words.CREDITED})"))
    rows = members.query(f"""
        WITH one AS (
            SELECT {expression} AS item, account_id, count(DISTINCT post_id) AS n
            FROM (SELECT post_id, account_id, unnest({source}) AS item FROM {members.posts_sql})
            WHERE item IS NOT NULL AND item <> '' GROUP BY ALL)
        SELECT item, sum(n)::BIGINT AS posts, count(*), max(n) / sum(n) FROM one
        WHERE item <> '' GROUP BY item ORDER BY posts DESC, item LIMIT {most}""")
    return [(str(i), int(n), int(who), float(part)) for i, n, who, part in rows]
