"""One post: who reposted it, how fast, the age of these accounts, and the bots' share.

Settings (`settings: {one-post: {post: ID}}` or `{words: TEXT}`): the post; by default the most
reposted one of the campaign. Where no repost names its post, a post is known by its words
(`benchmarks.study.data.by_words`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.study.data import by_words
from benchmarks.study.data.by_words import PASSED_ON as KEY
from benchmarks.study.questions import Answer, Figure, Table, Text, question
from botbench.core.errors import UserError
from botbench.core.sql import literal
from botbench.html.charts.timeline import Series, timeline
from botbench.text import numbers

if TYPE_CHECKING:
    from benchmarks.study.study import Study

LEAST = 5
"""Reposts from which on a post is a spread that can be described."""
AGES = ((30, "under 30 days"), (365, "30 days to a year"), (1826, "1 to 5 years"))
SPEEDS = (
    (10, "within 10 s"),
    (60, "10 s to a minute"),
    (600, "1 to 10 minutes"),
    (3600, "10 minutes to an hour"),
    (86400, "1 h to a day"),
)


@question("one-post", title="Who spread one post", order=50)
def one_post(study: Study) -> Answer:
    """Its reposts by estimated class, account age and speed. Speed is since the post itself where
    it is there, else since its first repost."""
    answer = Answer()
    if not study.frame.posts:
        return answer
    words = study.campaign.settings.get("one-post", {}).get("words")
    chosen = _chosen(study) if words is None else None
    if chosen is None:
        found = by_words.spread(study.frame, None if words is None else str(words), LEAST)
        if found is None and words is not None:
            raise UserError(
                "settings.one-post.words: nobody in the campaign passed these words on in the"
                " window. Give the text, or leave it out for the one passed on most."
            )
        if found is None:
            answer.blocks.append(Text("No post of the campaign was reposted at least five times."))
            return answer
        answer.blocks += words_known(found)
        return _described(study, answer, found.posts_sql, found.counted.posts, "")
    spread = (
        f"(SELECT * FROM {study.frame.all_posts_sql} WHERE kind = 'repost' AND {KEY} ="
        f" {literal(chosen)})"
    )
    reposts, accounts, first, last = study.frame.query(
        "SELECT count(*), count(DISTINCT account_id), min(created_at), max(created_at) FROM"
        f" {spread}"
    )[0]
    when = f" between {first:%Y-%m-%d %H:%M} and {last:%Y-%m-%d %H:%M} UTC" if first else ""
    answer.blocks.append(
        Text(
            f"The post {chosen if '|' not in chosen else 'known by its words'} was reposted"
            f" {reposts:,} times in the window, by {accounts:,} accounts{when}."
        )
    )
    return _described(study, answer, spread, reposts, chosen)


def words_known(found: by_words.Spread) -> list[Text | Table]:
    """What is said of a post that is known by its words alone."""
    first, counted, widest = found.senses[0], found.counted, found.senses[-1]
    said = (
        "No repost names the post that it passes on, so this one is known by its words alone. It"
        f" was passed on {counted.posts:,} times by {counted.accounts:,} accounts; in the narrowest"
        f" sense {first.posts:,} times, in the widest {widest.posts:,} times."
    )
    if found.credited > 1:
        said += f" The texts credit {found.credited:,} names with it, so some of them copied."
    if found.earlier:
        said += " The words stand here before that in a post that is no repost: perhaps the first."
    rows = [(s.name, s.posts, s.accounts) for s in found.senses]
    return [
        Text(said),
        Table(
            "post-words",
            "The same post, from the narrowest sense to the widest",
            ("what counts", "posts", "accounts"),
            rows,
            (
                "Equal words may be two people's own, and a text that was cut may be another's: the"
                " true number lies somewhere between. Words are without links, names and digits."
            ),
        ),
    ]


def _described(study: Study, answer: Answer, spread: str, reposts: int, chosen: str) -> Answer:
    """Add the spread by class, age and speed."""
    accounts = int(study.frame.one(f"SELECT count(DISTINCT account_id) FROM {spread}"))
    by_bots = _by_bots(study, answer, spread)
    answer.lead = _lead(answer, reposts, accounts)
    answer.blocks += [
        b
        for b in (
            *by_bots,
            _curve(study, spread),
            _ages(study, spread),
            _speeds(study, spread, chosen),
        )
        if b
    ]
    return answer


def _lead(answer: Answer, reposts: int, accounts: int) -> str:
    spread = f"One post was reposted {reposts:,} times by {accounts:,} accounts"
    if not answer.estimates:
        return f"{spread}; the sample does not say how much of that was bots."
    first = answer.estimates[0]
    bots = numbers.share_interval(first.value, first.low, first.high)
    return f"{spread}; bots made {bots} of these reposts."


def _chosen(study: Study) -> str | None:
    asked = study.campaign.settings.get("one-post", {}).get("post")
    if asked is not None:
        n = study.frame.one(
            f"SELECT count(*) FROM {study.frame.all_posts_sql} WHERE kind = 'repost' AND {KEY} ="
            f" {literal(asked)}"
        )
        if not n:
            raise UserError(
                f"settings.one-post.post: nobody in the campaign reposted {asked!r} in the window."
                " Give the id of the post that was reposted (ref_post_id), or leave it out for the"
                " one reposted most."
            )
        return str(asked)
    rows = study.frame.query(
        f"SELECT {KEY} AS post, count(*) AS n FROM {study.frame.posts_sql} WHERE kind = 'repost' "
        f"GROUP BY post HAVING post IS NOT NULL AND n >= {LEAST} ORDER BY n DESC, post LIMIT 1"
    )
    return str(rows[0][0]) if rows else None


def _by_bots(study: Study, answer: Answer, spread: str) -> list[Table]:
    """The share of the spread due to bots, with its interval: an estimate like every other."""
    sized = study.by_post("'its reposts'", "one post", source=spread)
    estimates = [e for s in sized for e in answer.take(list(study.estimates(s)))]
    if not estimates:
        return []
    rows = [(e.method, e.value, e.low, e.high, e.naive) for e in estimates]
    return [
        Table(
            "post-bots",
            "Share of its reposts by bots",
            ("method", "value", "low", "high", "naive"),
            rows,
            "Only annotated accounts among those that reposted tell anything of this post alone:"
            " intervals are wide where few were.",
            half=True,
        )
    ]


def _ages(study: Study, spread: str) -> Table | None:
    """Reposts by the age of the account when it reposted."""
    cases = " ".join(
        f"WHEN days < {limit} THEN '{i + 1} {name}'" for i, (limit, name) in enumerate(AGES)
    )
    rows = study.frame.query(f"""
        SELECT CASE WHEN days IS NULL THEN '9 unknown' {cases} ELSE '4 over 5 years' END AS age,
               count(*), count(DISTINCT account_id), avg(score) FROM (
            SELECT s.account_id, f.score, date_diff('day', f.created_at, s.created_at) AS days
            FROM {spread} s LEFT JOIN {study.frame.table} f ON s.account_id = f.account_id)
        GROUP BY age ORDER BY age""")
    whole = sum(r[1] for r in rows)
    cells = [
        (str(a)[2:], n, n / whole, who, score if study.frame.scored else None)
        for a, n, who, score in rows
    ]
    return Table(
        "post-ages",
        "By age of the account when it reposted",
        ("age", "reposts", "part", "accounts", "mean score"),
        cells,
        half=True,
    )


def _speeds(study: Study, spread: str, chosen: str) -> Table | None:
    """Reposts by the time since the post."""
    begun = study.frame.one(
        f"SELECT min(created_at) FROM {study.frame.all_posts_sql} WHERE post_id = {literal(chosen)}"
    )
    since = "the post" if begun else "its first repost"
    start = (
        f"TIMESTAMPTZ {literal(begun.isoformat())}"
        if begun
        else f"(SELECT min(created_at) FROM {spread})"
    )
    cases = " ".join(
        f"WHEN seconds <= {limit} THEN '{i + 1} {name}'" for i, (limit, name) in enumerate(SPEEDS)
    )
    rows = study.frame.query(f"""
        SELECT CASE {cases} ELSE '9 later' END AS speed, count(*), avg(score) FROM (
            SELECT epoch(s.created_at) - epoch({start}) AS seconds, f.score
            FROM {spread} s LEFT JOIN {study.frame.table} f ON s.account_id = f.account_id
            WHERE s.created_at IS NOT NULL)
        GROUP BY speed ORDER BY speed""")
    whole = sum(r[1] for r in rows)
    cells = [
        (str(s)[2:], n, n / whole, score if study.frame.scored else None) for s, n, score in rows
    ]
    return (
        Table(
            "post-speed",
            f"By time since {since}",
            ("time", "reposts", "part", "mean score"),
            cells,
            half=True,
        )
        if rows
        else None
    )


def _curve(study: Study, spread: str) -> Figure | None:
    """Reposts added up over time, in at most sixty steps."""
    rows = study.frame.query(f"""
        WITH timed AS (
            SELECT created_at, epoch(created_at) AS t FROM {spread} WHERE created_at IS NOT NULL),
        ends AS (SELECT min(t) AS a, max(t) AS b FROM timed),
        steps AS (
            SELECT least(floor(60 * (t - a) / nullif(b - a, 0)), 59) AS step, count(*) AS n,
                   max(created_at) AS until
            FROM timed, ends GROUP BY step)
        SELECT strftime(until, '%m-%d %H:%M'), (sum(n) OVER (ORDER BY step))::BIGINT
        FROM steps WHERE step IS NOT NULL ORDER BY step""")
    if len(rows) < 2:
        return None
    title = "Reposts, added up"
    drawn = [Series("reposts", [float(total) for _, total in rows])]
    chart = timeline([str(until) for until, _ in rows], drawn, title, height=180, share=False)
    return Figure(
        "post-curve",
        title,
        chart,
        ("until", "reposts"),
        [(str(until), int(total)) for until, total in rows],
        half=True,
    )
