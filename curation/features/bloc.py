"""Behaviour strings (BLOC): what an account does, how long it pauses, and what its posts hold, as
words.

Letters are those of the published alphabets: T a post, p a reply, π a reply to oneself, r a
repost, ρ one of oneself; pauses under five minutes □, an hour ⚀, a day ⚁, a week ⚂, a month ⚃, a
year ⚄, and longer ⚅ (none under a minute); content E media, H hashtag, m mention, q quote, φ one of
oneself, U link, t text. An action word is a run of actions without a pause; a content word is a
post. Whom an account follows is not known, so nobody is a friend (P, R and M do not occur), and
media are only known by their links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from curation.features import concentration, count_of, entropy, feature, per, share, view
from curation.features._functions import fingerprint
from curation.features._views import OWN, kept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ibis.expr.types import FloatingValue, IntegerValue, Table

NWALA = "Nwala et al. 2023, doi:10.1140/epjds/s13688-023-00410-9"
WHEN = "posts.created_at posts.kind posts.text posts.ref_account_id"
CONTENT = f"{WHEN} posts.urls posts.hashtags posts.mentions"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PAUSES = (
    (MINUTE, ""),
    (5 * MINUTE, "□"),
    (HOUR, "⚀"),
    (DAY, "⚁"),
    (7 * DAY, "⚂"),
    (2_628_000_000, "⚃"),
    (31_540_000_000, "⚄"),
)
"""The pause below so many milliseconds, as in the authors' own program."""
LONGER = "⚅"
ACTS = "Tprπρ"
"""Letters of actions, in the order of their code points; a number stands for each in `actions`."""
FOLD = 4
"""Equal letters from so many on are written alike in a content word: three and a plus sign."""
MEDIA = r"pic[.]twitter[.]com/|/(photo|video)/[0-9]"
QUOTED = r"/status/[0-9]+([ ?]|$)"
MARKS = r"^RT @[A-Za-z0-9_]+:?|https?://[^\t\n\f\r ]+|[#@][\p{L}\p{M}\p{N}_]+"
PLAIN = r"^[A-QS-Za-gi-z0-9]|[\t\n\f\r ][A-Za-gi-z0-9]"
"""The first letter of a word that is no part of a mark."""
SEEN = "[^\t\n\f\r ]"
FOUND = "\u0001"


def _matches(text: Any, pattern: str) -> Any:
    """How often a pattern is found in a text; 0 where the text is unknown."""
    counted = count_of(text.re_replace(FOUND, "").re_replace(pattern, FOUND), FOUND)
    return text.re_search(pattern).ifelse(counted, 0).fill_null(0)


def _content(posts: Any) -> dict[str, Any]:
    """What a post holds: the number of its media, hashtags, mentions and pages, whom it quotes (1
    another, 2 oneself, else 0), and whether it has text; NULL where nothing of it is known.
    """
    import ibis

    quote = posts.sort == "quote"
    linked = posts.links.length().fill_null(0)
    # Most posts have no link, and lists are slow to join and to search.
    links = posts.links.join(" ")
    media = (linked > 0).ifelse(_matches(links, MEDIA), 0)
    quoted = (quote & (linked > 0)).ifelse(_matches(links, QUOTED), 0).fill_null(0)
    # A reply begins with whom it answers, and a repost with whose words it repeats.
    led = (posts.sort == "reply") | posts.text.startswith("RT @").fill_null(False)
    known = (
        posts.text.notnull() | posts.tags.notnull() | posts.links.notnull() | posts.named.notnull()
    )
    own = (posts.ref_account_id == OWN).fill_null(False)
    # A word that is no mark shows that there is text, and is found sooner than all marks are.
    text = posts.text.re_search(PLAIN).ifelse(
        True, posts.text.re_replace(MARKS, "").re_search(SEEN)
    )
    numbers = {
        "media": media,
        "hashtags_held": posts.tags.length().fill_null(0),
        "named_held": ibis.greatest(posts.named.length().fill_null(0) - led.cast("int64"), 0),
        "quoting": quote.ifelse(own.ifelse(2, 1), 0),
        "pages": ibis.greatest(linked - media - quoted, 0),
        "worded": text.fill_null(False).cast("int64"),
    }
    return {name: known.ifelse(number.cast("int64"), None) for name, number in numbers.items()}


@kept
@view
def actions(posts: Table) -> Table:
    """One row a dated post: `ms`, its action `act` (a place in `ACTS`), the one `before` (NULL for
    the first), the `pause` between (a place in `PAUSES`; 0 for the first), its `place` among the
    account's (from 1), what it holds, and `content`, a number for that as a content word.
    """
    import ibis

    own = (posts.ref_account_id == OWN).fill_null(False)
    act = ibis.cases(
        (posts.sort == "reply", own.ifelse(3, 1)),
        (posts.sort == "repost", own.ifelse(4, 2)),
        else_=0,
    )
    held = _content(posts)
    dated = posts.mutate(act=act.cast("int8"), **held).filter(
        posts.ms.notnull() & posts.sort.notnull()
    )
    rows = dated.select("account_id", "ms", "act", *held, content=_word(dated))
    inside = ibis.window(group_by="account_id", order_by=["ms", "act"])
    placed = rows.mutate(
        gap=rows.ms - rows.ms.lag().over(inside),
        before=rows.act.lag().over(inside),
        place=ibis.row_number().over(inside) + 1,
    )
    pause = ibis.cases(
        (placed.gap.isnull(), 0),
        *((placed.gap < below, place) for place, (below, _) in enumerate(PAUSES)),
        else_=len(PAUSES),
    )
    return placed.mutate(pause=pause.cast("int8")).drop("gap")


HELD = {
    "media": FOLD + 1,
    "hashtags_held": FOLD + 1,
    "named_held": FOLD + 1,
    "quoting": 3,
    "pages": FOLD + 1,
    "worded": 2,
}
"""What a content word holds, in its order: as many values as are told apart."""


def _word(actions: Any) -> Any:
    """The number of a content word: the numbers of its letters, from `FOLD` on alike; NULL where
    unknown.
    """
    import ibis

    number: Any = 0
    for name, values in HELD.items():
        number = number * values + ibis.least(actions[name], values - 1)
    # The least of NULL and a number is the number.
    return actions.worded.isnull().ifelse(None, number).cast("int16")


def _letters(word: Any) -> dict[str, Any]:
    """The numbers that a content word is made of (see `_word`)."""
    numbers = {}
    rest = word.cast("int64")
    for name, values in reversed(HELD.items()):
        numbers[name] = rest % values
        rest = rest // values
    return numbers


@view
def behaviour(actions: Table) -> Table:
    """One row a dated post: `ms`, its letter `act`, the `pause` before it ("" under a minute or for
    the first), and its `content` (what it holds, a letter each, NULL where unknown).
    """
    import ibis

    def sign(number: Any, signs: Iterable[str]) -> Any:
        return ibis.cases(*((number == i, one) for i, one in enumerate(signs)))

    content = ibis.literal("E").repeat(actions.media)
    content += ibis.literal("H").repeat(actions.hashtags_held)
    content += ibis.literal("m").repeat(actions.named_held)
    content += sign(actions.quoting, ("", "q", "φ"))
    content += ibis.literal("U").repeat(actions.pages)
    content += sign(actions.worded, ("", "t"))
    return actions.select(
        "account_id",
        "ms",
        act=sign(actions.act, ACTS),
        pause=sign(actions.pause, (*(sign for _, sign in PAUSES), LONGER)),
        content=content,
    )


@view
def bloc_words(actions: Table) -> Table:
    """One row an account and action word: `word` (a number for it), its `size`, `n` times."""
    import ibis

    begins = (actions.before.isnull() | (actions.pause > 0)).ifelse(actions.place, None)
    begun = begins.max().over(ibis.cumulative_window(group_by="account_id", order_by="place"))
    placed = actions.select("account_id", "act", "place", begun=begun)
    # A word is known by the sum of hashes of its letters with their places: a number as long as
    # that takes no memory for runs of thousands.
    letter = (placed.place - placed.begun) * len(ACTS) + placed.act
    hashed = placed.select("account_id", "begun", letter=fingerprint(letter).cast("decimal(38, 0)"))
    spelt = hashed.group_by("account_id", "begun").aggregate(
        word=hashed.letter.sum(), size=hashed.count()
    )
    return spelt.group_by("account_id", "word", "size").aggregate(n=spelt.count())


@view
def bloc_pauses(actions: Table) -> Table:
    """One row an account and pause between two posts (a place in `PAUSES`): `n` times."""
    later = actions.filter(actions.before.notnull())
    return later.group_by("account_id", "pause").aggregate(n=later.count())


@view
def bloc_pairs(actions: Table) -> Table:
    """One row an account and pair of actions with the pause between, such as T⚀r: `n` times."""
    later = actions.filter(actions.before.notnull())
    pair = (later.before.cast("int64") * len(ACTS) + later.act) * (len(PAUSES) + 1) + later.pause
    return later.group_by("account_id", pair=pair.cast("int16")).aggregate(n=later.count())


@view
def bloc_contents(actions: Table) -> Table:
    """One row an account and content word: `content` (a number for it), its `size` in letters, `n`
    times; `plain` where it holds text alone.

    Four or more equal letters are three and a plus sign, such as EEE+Hmt.
    """
    known = actions.filter(actions.content.notnull())
    counted = known.group_by("account_id", "content").aggregate(n=known.count())
    letters = _letters(counted.content)
    quoting = (letters.pop("quoting") > 0).cast("int64")
    size = sum(letters.values(), quoting)
    return counted.mutate(size=size, plain=(letters["worded"] == 1) & (size == 1))


@feature(unit="bits", needs=WHEN, source=NWALA, revision=1)
def bloc_word_entropy(bloc_words: Table) -> FloatingValue:
    """Entropy of action words (runs of actions less than a minute apart, such as Trr)."""
    return entropy(bloc_words.n)


@feature(unit="share", needs=WHEN, source=NWALA, revision=1)
def bloc_word_variety(bloc_words: Table) -> FloatingValue:
    """Distinct action words divided by action words; falls with the number of posts."""
    return per(bloc_words.count(), bloc_words.n.sum())


@feature(unit="share", needs=WHEN, source=NWALA, revision=1)
def bloc_word_concentration(bloc_words: Table) -> FloatingValue:
    """Chance that two action words drawn from its string are the same (Herfindahl index)."""
    return concentration(bloc_words.n)


@feature(unit="actions", needs=WHEN, source=NWALA, revision=1)
def bloc_word_size_mean(bloc_words: Table) -> FloatingValue:
    """Mean number of actions in an action word."""
    return per((bloc_words.n * bloc_words.size).sum(), bloc_words.n.sum())


@feature(unit="actions", needs=WHEN, source=NWALA, revision=1)
def bloc_word_size_max(bloc_words: Table) -> IntegerValue:
    """Actions in its longest action word: most posts in a row, each within a minute of the last."""
    return bloc_words.size.max()


@feature(unit="bits", needs=WHEN, source=NWALA, revision=1)
def bloc_pause_entropy(bloc_pauses: Table) -> FloatingValue:
    """Entropy of the pauses between posts, in eight sorts (at most 3); missing with one post."""
    return entropy(bloc_pauses.n)


def _pauses(bloc_pauses: Any, *signs: str) -> Any:
    every = [*(sign for _, sign in PAUSES), LONGER]
    places = [place for place, sign in enumerate(every) if sign in signs]
    chosen = bloc_pauses.n.sum(where=bloc_pauses.pause.isin(places)).fill_null(0)
    return per(chosen, bloc_pauses.n.sum())


@feature(unit="share", needs=WHEN, source=NWALA, revision=1)
def bloc_no_pause_share(bloc_pauses: Table) -> FloatingValue:
    """Share of pauses under a minute."""
    return _pauses(bloc_pauses, "")


@feature(unit="share", needs=WHEN, source=NWALA, revision=1)
def bloc_minutes_share(bloc_pauses: Table) -> FloatingValue:
    """Share of pauses from a minute to an hour."""
    return _pauses(bloc_pauses, "□", "⚀")


@feature(unit="share", needs=WHEN, source=NWALA, revision=1)
def bloc_hours_share(bloc_pauses: Table) -> FloatingValue:
    """Share of pauses from an hour to a day."""
    return _pauses(bloc_pauses, "⚁")


@feature(unit="share", needs=WHEN, source=NWALA, revision=1)
def bloc_days_share(bloc_pauses: Table) -> FloatingValue:
    """Share of pauses of a day or more."""
    return _pauses(bloc_pauses, "⚂", "⚃", "⚄", LONGER)


@feature(unit="bits", needs=WHEN, source=NWALA, revision=1)
def bloc_pair_entropy(bloc_pairs: Table) -> FloatingValue:
    """Entropy of pairs of actions with the pause between them; missing with one post."""
    return entropy(bloc_pairs.n)


@feature(unit="share", needs=WHEN, source=NWALA, revision=1)
def bloc_self_share(actions: Table) -> FloatingValue:
    """Share of posts that are replies to oneself or reposts of oneself."""
    return share(actions.act.isin([ACTS.index(own) for own in "πρ"]))


@feature(unit="bits", needs=CONTENT, source=NWALA, revision=1)
def bloc_content_entropy(bloc_contents: Table) -> FloatingValue:
    """Entropy of content words (what a post holds, such as HmUt)."""
    return entropy(bloc_contents.n)


@feature(unit="share", needs=CONTENT, source=NWALA, revision=1)
def bloc_content_variety(bloc_contents: Table) -> FloatingValue:
    """Distinct content words divided by posts; falls with the number of posts."""
    return per(bloc_contents.count(), bloc_contents.n.sum())


@feature(unit="letters", needs=CONTENT, source=NWALA, revision=1)
def bloc_content_size_mean(bloc_contents: Table) -> FloatingValue:
    """Mean number of letters in a content word; four or more equal ones count as four."""
    return per((bloc_contents.n * bloc_contents.size).sum(), bloc_contents.n.sum())


@feature(unit="share", needs=CONTENT, source=NWALA, revision=1)
def bloc_plain_share(bloc_contents: Table) -> FloatingValue:
    """Share of posts that hold text alone."""
    plain = bloc_contents.n.sum(where=bloc_contents.plain).fill_null(0)
    return per(plain, bloc_contents.n.sum())
