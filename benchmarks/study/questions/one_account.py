"""One account: rate, rhythm, gaps, reused picture and texts, names, company and claims.

Settings (`settings: {one-account: {accounts: [ID, ...]}}`): the accounts to describe; no account is
described by default. The answer is evidence for a person to judge, not a verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.study.coordination.traces.text import WORDS
from benchmarks.study.data.by_words import PASSED_ON
from benchmarks.study.questions import Answer, Figure, Table, Text, question
from botbench.core.errors import UserError
from botbench.core.sql import literal
from botbench.html.charts import campaign

if TYPE_CHECKING:
    from benchmarks.study.data.frame import Frame
    from benchmarks.study.study import Study

RATES = (50, 72, 90, 144)
"""Posts a day that reports on bots have called suspicious (72 and 144: Atlantic Council's DFRLab
2017; 50: Howard 2016).
"""
NAMED_RATE = 90
"""The one of `RATES` that sentences name."""
MOST = 5


@question("one-account", title="Single accounts", order=60)
def one_account(study: Study) -> Answer:
    """The evidence page of each account asked for."""
    answer = Answer()
    chosen = [str(a) for a in study.campaign.settings.get("one-account", {}).get("accounts", ())]
    if not chosen:
        return answer
    missing = [
        a
        for a in chosen
        if not study.frame.one(
            f"SELECT count(*) FROM {study.frame.table} WHERE account_id = {literal(a)}"
        )
    ]
    if missing:
        raise UserError(
            f"settings.one-account.accounts: {', '.join(missing)} belong to no account of the"
            " campaign."
        )
    for account in chosen[:MOST]:
        answer.blocks.append(Text(f"Account {account}."))
        answer.blocks += evidence(study.frame, account)
    return answer


def evidence(frame: Frame, account: str) -> list[Text | Table | Figure]:
    """Rate, rhythm, what stands elsewhere, how it looked, company and claims of one account.

    Of the frame, store, version and data set are read, so a frame that was not built will do.
    """
    posts = f"(SELECT * FROM {frame.of_dataset('posts')} WHERE account_id = {literal(account)})"
    blocks: list[Text | Table | Figure] = [
        _rate(frame, account, posts),
    ]
    if rhythm := _rhythm(frame, account, posts):
        blocks.append(rhythm)
    return [
        *blocks,
        _elsewhere(frame, account, posts),
        *_over_time(frame, account),
        *_company(frame, account, posts),
        *_claims(frame, account),
    ]


def _rate(frame: Frame, account: str, posts: str) -> Table:
    """Posts a day from first to last post, silent gaps, longest stretch without an hour's pause."""
    days = f"""
        SELECT count(p.day) AS n FROM (
            SELECT unnest(generate_series(a, b, INTERVAL 1 DAY))::DATE AS day FROM (
                SELECT min(created_at)::DATE AS a, max(created_at)::DATE AS b FROM {posts})
            WHERE a IS NOT NULL) d
        LEFT JOIN (SELECT created_at::DATE AS day FROM {posts}) p ON d.day = p.day
        GROUP BY d.day"""
    over = ", ".join(f"count(*) FILTER (n > {r})" for r in RATES)
    row = frame.query(
        f"SELECT count(*), median(n), quantile_cont(n, 0.95), max(n), {over} FROM ({days})"
    )[0]
    gap, awake = frame.query(f"""
        WITH timed AS (
            SELECT created_at AS t,
                   created_at - lag(created_at) OVER (ORDER BY created_at) AS pause
            FROM {posts} WHERE created_at IS NOT NULL),
        runs AS (
            SELECT t, count(*) FILTER (pause > INTERVAL 1 HOUR) OVER (ORDER BY t) AS run
            FROM timed),
        stretches AS (SELECT epoch(max(t) - min(t)) / 3600 AS hours FROM runs GROUP BY run)
        SELECT (SELECT max(epoch(pause)) FROM timed), (SELECT max(hours) FROM stretches)""")[0]
    rows: list[tuple[str, float | None]] = [
        ("days from first to last post", row[0]),
        ("posts a day, median", row[1]),
        ("posts a day, 95th percentile", row[2]),
        ("posts on the worst day", row[3]),
        *((f"days over {r} posts", n) for r, n in zip(RATES, row[4:], strict=True)),
        ("longest silence, days", None if gap is None else round(gap / 86400, 3)),
        (
            "longest stretch without an hour's pause, hours",
            None if awake is None else round(awake, 2),
        ),
    ]
    told = [(what, _whole(n)) for what, n in rows]
    return Table(f"account-{_short(account)}-rate", f"Rate of {account}", ("what", "number"), told)


def _whole(number: float | None) -> float | None:
    """A whole number as an int, so that no count is shown as a decimal."""
    return number if number is None or int(number) != number else int(number)


def _rhythm(frame: Frame, account: str, posts: str) -> Figure | None:
    rows = frame.query(
        f"SELECT isodow(created_at), hour(created_at), count(*) FROM {posts} WHERE created_at IS"
        " NOT NULL GROUP BY ALL ORDER BY ALL"
    )
    if not rows:
        return None
    field = [[0] * 24 for _ in range(7)]
    for day, hour, n in rows:
        field[int(day) - 1][int(hour)] = int(n)
    title = f"Hours and days of {account} (UTC)"
    return Figure(
        f"account-{_short(account)}-hours",
        title,
        campaign.week(field, title),
        ("weekday", "hour", "posts"),
        [(campaign.DAYS[int(d) - 1], int(h), int(n)) for d, h, n in rows],
    )


def _elsewhere(frame: Frame, account: str, posts: str) -> Table:
    """The same picture, bio and words at other accounts of the data set."""
    profile = frame.of_dataset("accounts")
    same = " ".join(
        f"""
        SELECT '{what}' AS what, count(DISTINCT b.account_id) AS n FROM {profile} a
        JOIN {profile} b ON a.{column} = b.{column} AND a.account_id <> b.account_id
        WHERE a.account_id = {literal(account)} AND a.{column} <> '' UNION ALL"""
        for what, column in (
            ("accounts with the same picture (perceptual hash)", "avatar_phash"),
            ("accounts with the same bio", "bio"),
            ("accounts with the same name", "display_name"),
        )
    )
    rows = frame.query(f"""
        {same} SELECT 'accounts with a near-identical post', count(DISTINCT o.account_id) FROM (
            SELECT DISTINCT {WORDS} AS words FROM {posts}) m
        JOIN (SELECT account_id, {WORDS} AS words FROM {frame.of_dataset("posts")}
              WHERE account_id <> {literal(account)}) o USING (words)
        WHERE length(words) >= 20""")
    return Table(
        f"account-{_short(account)}-elsewhere",
        f"What of {account} stands elsewhere",
        ("what", "accounts"),
        [(str(w), int(n)) for w, n in rows],
        "Near-identical: the same words when links, names, digits and signs are left out.",
    )


def _over_time(frame: Frame, account: str) -> list[Text | Table]:
    rows: list[Any] = frame.query(
        "SELECT observed_at, handle, display_name, followers, following, posts_total, status FROM"
        f" {frame.of_dataset('accounts')} WHERE account_id = {literal(account)}"
        " ORDER BY observed_at NULLS FIRST"
    )
    cells = [(f"{at:%Y-%m-%d %H:%M}" if at else "unknown", *rest) for at, *rest in rows]
    return [
        Table(
            f"account-{_short(account)}-seen",
            f"How {account} looked",
            ("observed", "handle", "name", "followers", "following", "posts", "status"),
            cells,
        )
    ]


def _company(frame: Frame, account: str, posts: str) -> list[Text | Table]:
    """Accounts that most often reposted the same post within a minute."""
    everybody = frame.of_dataset("posts")
    reposts = f"SELECT account_id, {PASSED_ON} AS post, epoch(created_at) AS t"
    rows = frame.query(f"""
        SELECT o.account_id, count(DISTINCT o.post) AS n
        FROM ({reposts} FROM {posts} WHERE kind = 'repost') m
        JOIN ({reposts} FROM {everybody}
              WHERE kind = 'repost' AND account_id <> {literal(account)}) o
            ON m.post = o.post AND abs(m.t - o.t) <= 60
        GROUP BY o.account_id ORDER BY n DESC, o.account_id LIMIT 10""")
    if not rows:
        return []
    return [
        Table(
            f"account-{_short(account)}-company",
            f"Who reposted the same within a minute of {account}",
            ("account", "posts in common"),
            [(str(a), int(n)) for a, n in rows],
        )
    ]


def _claims(frame: Frame, account: str) -> list[Text | Table]:
    rows = frame.query(
        "SELECT made_at, claimant_kind, claimant, answer, array_to_string(kinds, ', '), confidence"
        f" FROM {frame.of_dataset('claims')} WHERE account_id = {literal(account)}"
        " ORDER BY made_at NULLS FIRST, claimant, answer"
    )
    claims = [
        (f"{at:%Y-%m-%d}" if at else "unknown", kind, who, answer or "taken back", kinds, sure)
        for at, kind, who, answer, kinds, sure in rows
    ]
    return (
        [
            Table(
                f"account-{_short(account)}-claims",
                f"What was said of {account}",
                ("when", "kind", "who", "answer", "kinds", "confidence"),
                claims,
                "Each is somebody's claim at a time. Kind: what sort of claimant. Kinds: of bot,"
                " where the claim names any.",
            )
        ]
        if claims
        else []
    )


def _short(account: str) -> str:
    import re

    return re.sub(r"[^A-Za-z0-9]", "-", account)[:40]
