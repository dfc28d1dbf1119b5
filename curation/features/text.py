"""How it writes: length, repetition, words, and what sort of characters. Reposts count as any post
does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.features import count_of, feature, mean, per, sd
from curation.features._functions import (
    distinct,
    fingerprint,
    is_ascii,
    punctuation_in,
    upper_case_in,
)

if TYPE_CHECKING:
    from ibis.expr.types import FloatingValue, Table

CHU = "Chu et al. 2012, doi:10.1109/TDSC.2012.75"
VAROL = "Varol et al. 2017, doi:10.1609/icwsm.v11i1.14871"
CRESCI = "Cresci et al. 2015, doi:10.1016/j.dss.2015.09.003"

TEXT = "posts.text"
EMOJI = r"[\x{2600}-\x{27BF}\x{1F000}-\x{1FAFF}]+"


@feature(unit="characters", needs=TEXT, source=VAROL, revision=1)
def text_length_mean(posts: Table) -> FloatingValue:
    """Mean length of a post."""
    return mean(posts.text.length())


@feature(unit="characters", needs=TEXT, source=VAROL, revision=1)
def text_length_sd(posts: Table) -> FloatingValue:
    """Standard deviation of the length of a post; needs two."""
    return sd(posts.text.length())


@feature(unit="share", needs=TEXT, source=CRESCI, revision=1)
def duplicate_text_share(posts: Table) -> FloatingValue:
    """Share of posts whose text it had posted already: 1 - distinct texts / texts."""
    # Equal 64-bit hashes stand for equal texts: a third of the memory, and two texts of one account
    # never meet in practice.
    texts = posts.text.count()
    return per(texts - distinct(fingerprint(posts.text)), texts)


@feature(unit="share", needs=TEXT, source=CHU, revision=1)
def distinct_word_ratio(words: Table) -> FloatingValue:
    """Distinct words divided by words, over all posts; falls with the number of posts."""
    return per(words.count(), words.n.sum())


@feature(unit="characters a post", needs=TEXT, source="botbench", revision=1)
def emoji_per_post(posts: Table) -> FloatingValue:
    """Mean number of emoji and pictographs (U+2600 to U+27BF, U+1F000 to U+1FAFF)."""
    # Most texts are plain ASCII, and to see that is twenty times faster than to search them.
    return mean(is_ascii(posts.text).ifelse(0, count_of(posts.text, EMOJI)))


@feature(unit="share", needs=TEXT, source=VAROL, revision=1)
def upper_case_share(posts: Table) -> FloatingValue:
    """Upper-case letters divided by characters, over all posts."""
    return per(upper_case_in(posts.text).sum(), posts.text.length().sum())


@feature(unit="share", needs=TEXT, source=VAROL, revision=1)
def punctuation_share(posts: Table) -> FloatingValue:
    """Punctuation marks (Unicode's category P) divided by characters, over all posts."""
    return per(punctuation_in(posts.text).sum(), posts.text.length().sum())


@feature(unit="languages", needs="posts.lang", source="botbench", revision=1)
def languages(posts: Table) -> FloatingValue:
    """Distinct language codes of its posts."""
    return posts.lang.nunique().nullif(0)
