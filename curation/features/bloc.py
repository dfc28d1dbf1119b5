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
from curation.features._views import OWN

if TYPE_CHECKING:
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
FOLDED = "EHmU"
"""Letters that stand three times and with a plus sign in a content word that has more of them."""
MEDIA = r"pic[.]twitter[.]com/|/(photo|video)/[0-9]"
QUOTED = r"/status/[0-9]+([ ?]|$)"
MARKS = r"^RT @[A-Za-z0-9_]+:?|https?://[^\t\n\f\r ]+|[#@][\p{L}\p{M}\p{N}_]+"
SEEN = "[^\t\n\f\r ]"
FOUND = "\u0001"


def _matches(text: Any, pattern: str) -> Any:
    """How often a pattern is found in a text; 0 where the text is unknown."""
    return count_of(text.re_replace(FOUND, "").re_replace(pattern, FOUND), FOUND).fill_null(0)


def _content(posts: Any) -> Any:
    """What a post holds, a letter each; NULL where nothing of its content is known."""
    import ibis

    quote = posts.sort == "quote"
    links = posts.links.join(" ")
    media = _matches(links, MEDIA)
    quoted = quote.ifelse(_matches(links, QUOTED), 0)
    pages = ibis.greatest(posts.links.length().fill_null(0) - media - quoted, 0)
    # A reply begins with whom it answers, and a repost with whose words it repeats.
    led = (posts.sort == "reply") | posts.text.startswith("RT @").fill_null(False)
    named = ibis.greatest(posts.named.length().fill_null(0) - led.cast("int64"), 0)
    known = (
        posts.text.notnull() | posts.tags.notnull() | posts.links.notnull() | posts.named.notnull()
    )
    own = (posts.ref_account_id == OWN).fill_null(False)
    text = posts.text.re_replace(MARKS, "").re_search(SEEN).fill_null(False)
    word = ibis.literal("E").repeat(media)
    word += ibis.literal("H").repeat(posts.tags.length().fill_null(0))
    word += ibis.literal("m").repeat(named)
    word += quote.ifelse(own.ifelse("φ", "q"), "")
    word += ibis.literal("U").repeat(pages)
    word += text.ifelse("t", "")
    return known.ifelse(word, None)


@view
def behaviour(posts: Table) -> Table:
    """One row a dated post: `ms`, its letter `act`, the `pause` before it ("" under a minute or for
    the first), and its `content` (what it holds, a letter each, NULL where unknown).
    """
    import ibis

    own = (posts.ref_account_id == OWN).fill_null(False)
    act = ibis.cases(
        (posts.sort == "reply", own.ifelse("π", "p")),
        (posts.sort == "repost", own.ifelse("ρ", "r")),
        else_="T",
    )
    dated = posts.mutate(act=act, content=_content(posts)).filter(
        posts.ms.notnull() & posts.sort.notnull()
    )
    rows = dated.select("account_id", "ms", "act", "content")
    before = rows.ms.lag().over(ibis.window(group_by="account_id", order_by=["ms", "act"]))
    gapped = rows.mutate(gap=rows.ms - before)
    pause = ibis.cases(
        (gapped.gap.isnull(), ""),
        *((gapped.gap < below, sign) for below, sign in PAUSES),
        else_=LONGER,
    )
    return gapped.mutate(pause=pause, later=gapped.gap.notnull()).drop("gap")


@view
def bloc_words(behaviour: Table) -> Table:
    """One row an account and action word: `word` (a number for it), its `size`, `n` times."""
    import ibis

    number = (
        (behaviour.pause != "")
        .cast("int64")
        .sum()
        .over(ibis.range_window(following=0, group_by="account_id", order_by="ms"))
    )
    numbered = behaviour.select("account_id", "ms", "act", number=number)
    place = ibis.row_number().over(
        ibis.window(group_by=["account_id", "number"], order_by=["ms", "act"])
    )
    placed = numbered.mutate(place=place)
    # A word is known by the sum of hashes of its letters with their places: a number as long as
    # that takes no memory for runs of thousands.
    letter = fingerprint(placed.place.cast("string") + placed.act).cast("decimal(38, 0)")
    hashed = placed.select("account_id", "number", letter=letter)
    spelt = hashed.group_by("account_id", "number").aggregate(
        word=hashed.letter.sum(), size=hashed.count()
    )
    return spelt.group_by("account_id", "word", "size").aggregate(n=spelt.count())


@view
def bloc_pauses(behaviour: Table) -> Table:
    """One row an account and pause between two posts ("" under a minute): `n` times."""
    later = behaviour.filter(behaviour.later)
    return later.group_by("account_id", "pause").aggregate(n=later.count())


@view
def bloc_pairs(behaviour: Table) -> Table:
    """One row an account and pair of actions with the pause between, such as T⚀r: `n` times."""
    import ibis

    before = behaviour.act.lag().over(ibis.window(group_by="account_id", order_by=["ms", "act"]))
    paired = behaviour.mutate(pair=before + behaviour.pause + behaviour.act)
    known = paired.filter(paired.pair.notnull())
    return known.group_by("account_id", "pair").aggregate(n=known.count())


@view
def bloc_contents(behaviour: Table) -> Table:
    """One row an account and content word: `content`, its `size` in letters, `n` times.

    Four or more equal letters are three and a plus sign, such as EEE+Hmt.
    """
    known = behaviour.filter(behaviour.content.notnull())
    word = known.content
    for letter in FOLDED:
        word = word.re_replace(f"{letter}{{4,}}", f"{letter * 3}+")
    folded = known.select("account_id", content=word)
    counted = folded.group_by("account_id", "content").aggregate(n=folded.count())
    return counted.mutate(size=counted.content.length())


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
    chosen = bloc_pauses.n.sum(where=bloc_pauses.pause.isin(signs)).fill_null(0)
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
def bloc_self_share(behaviour: Table) -> FloatingValue:
    """Share of posts that are replies to oneself or reposts of oneself."""
    return share(behaviour.act.isin(("π", "ρ")))


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
    plain = bloc_contents.n.sum(where=bloc_contents.content == "t").fill_null(0)
    return per(plain, bloc_contents.n.sum())
