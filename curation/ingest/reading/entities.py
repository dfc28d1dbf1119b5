"""SQL for what a post's text contains: hashtags, mentions, links, and whether it is a repost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botbench.core.sql import literal
from botbench.text.numbers import counted

if TYPE_CHECKING:
    from curation.ingest.reading.files import SourceFile
    from curation.ingest.reading.stage import Stage

HTML = {"<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\xa0": "&nbsp;", "&": "&amp;"}
"""Signs as HTML writes them; the last stands in the others."""
CUT = "cut_text"
"""The entry of `extra` of a post of which only a cut text is there."""
UNKNOWN = "[unknown]:"
"""How the account of a post begins that does not say whose it is."""

LINK = r"https?://[^\s<>\"]*[^\s<>\"''.,;:!?)\]…]"
"""A link without the sentence's closing punctuation. Quotes are doubled for SQL."""

HASHTAG = r"(?:^|[^\p{L}\p{M}\p{N}_&])[#＃]([\p{N}_]*[\p{L}\p{M}][\p{L}\p{M}\p{N}_]*)"
"""A hashtag contains a letter and is not inside a word (Twitter's rule without special letters)."""

MENTION = r"(?:^RT|[^\p{L}\p{N}_!@＠#$%&*.]RT|^|[^\p{L}\p{N}_!@＠#$%&*])[@＠]([A-Za-z0-9_]{1,20})"
"""A mention follows no letter or digit (else it is an e-mail address)."""

REPOST = r"^RT ?[@＠]([A-Za-z0-9_]{1,20})"
REPLY = r"^\.?[@＠]([A-Za-z0-9_]{1,20})"


def hashtags(text: str) -> str:
    """SQL: the hashtags of `text` without #, as written, in order; those in links do not count."""
    return _all(text, "'#', '＃'", HASHTAG)


def mentions(text: str) -> str:
    """SQL: the handles mentioned in `text` without @, as written, in order."""
    return _all(text, "'@', '＠'", MENTION)


def urls(text: str) -> str:
    """SQL: the links of `text`, in order."""
    return (
        f"CASE WHEN contains({text}, '://') THEN regexp_extract_all({text}, '{LINK}') WHEN {text}"
        " IS NOT NULL THEN [] END"
    )


def kind(text: str) -> str:
    """SQL: `repost` for texts that begin with RT @name, `reply` for @name, else `original`.

    NULL without text.
    """
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN regexp_matches({text}, '{REPOST}') THEN 'repost' "
        f"WHEN regexp_matches({text}, '{REPLY}') THEN 'reply' ELSE 'original' END"
    )


def ref_account(text: str) -> str:
    """SQL: the lower-case @handle that the text reposts or replies to, or NULL."""
    name = (
        f"coalesce(nullif(regexp_extract({text}, '{REPOST}', 1), ''), nullif(regexp_extract({text},"
        f" '{REPLY}', 1), ''))"
    )
    return f"'@' || lower({name})"


def columns(text: str) -> str:
    """SQL: all of these as columns of the table posts."""
    return (
        f"{kind(text)} AS kind, {ref_account(text)} AS ref_account_id, {hashtags(text)} AS"
        f" hashtags, {urls(text)} AS urls, {mentions(text)} AS mentions"
    )


def plain(html: str) -> str:
    """SQL: the text of simple HTML as posts have it: paragraphs, line breaks, links."""
    lines = f"regexp_replace(regexp_replace({html}, '<br ?/?>', chr(10), 'g'), '</p>\\s*<p>', "
    bare = f"regexp_replace({lines}chr(10) || chr(10), 'g'), '<[^>]*>', '', 'g')"
    for sign, written in HTML.items():
        bare = f"replace({bare}, {literal(written)}, {literal(sign)})"
    return bare


def cut_repost(text: str, original: str) -> str:
    """SQL that is true for `RT @name: ...` whose text is cut and whose original is not there.

    Twitter cuts such a text at 140 characters and ends it in an ellipsis.
    """
    return (
        f"coalesce({original} IS NULL AND ends_with({text}, '…') AND length({text}) >= 130"
        f" AND regexp_matches({text}, '{REPOST}'), false)"
    )


def marked(extra: str, cut: str) -> str:
    """SQL of a map `extra` with the entry `CUT` where `cut` is true."""
    return (
        f"CASE WHEN {cut} THEN map_concat({extra}, MAP {{{literal(CUT)}: 'true'}}) ELSE {extra} END"
    )


def tell_cut(stage: Stage, file: SourceFile) -> None:
    """Note how many staged posts of a file have only a cut text."""
    row = stage.connection.execute(
        f"SELECT count(*) FROM pull_posts WHERE extra[{literal(CUT)}] = 'true' AND _member ="
        f" {literal(file.name)}"
    ).fetchone()
    if row and row[0]:
        stage.notes[f"cut_text {file.name}"] = (
            f"{counted(row[0], 'post')} of {file.name} {'has' if row[0] == 1 else 'have'} only a"
            " cut text: hashtags, links and mentions are unknown there, not empty."
        )


def alone(account: str, post: str) -> str:
    """SQL of the account of a post: `account`, or one of its own where that is not said."""
    return f"coalesce({account}, {literal(UNKNOWN)} || {post})"


def tell_alone(stage: Stage, file: SourceFile) -> None:
    """Note how many staged posts of a file do not say whose they are."""
    row = stage.connection.execute(
        f"SELECT count(*) FROM pull_posts WHERE starts_with(account_id, {literal(UNKNOWN)}) AND"
        f" _member = {literal(file.name)}"
    ).fetchone()
    if row and row[0]:
        stage.notes[f"unnamed {file.name}"] = (
            f"{file.name} has {counted(row[0], 'post')} without an author: each is under an id of"
            " its own, and none is an account here."
        )


def _all(text: str, signs: str, pattern: str) -> str:
    """SQL for all matches of a pattern, looked for only in texts with one of the signs.

    Most texts have no sign, and finding a sign is much cheaper than matching the pattern.
    """
    there = " OR ".join(f"contains({text}, {sign})" for sign in signs.split(", "))
    bare = (
        f"CASE WHEN contains({text}, '://') THEN regexp_replace({text}, '{LINK}', ' ', 'g') ELSE"
        f" {text} END"
    )
    return (
        f"CASE WHEN {there} THEN regexp_extract_all({bare}, '{pattern}', 1) WHEN {text} IS NOT NULL"
        " THEN [] END"
    )
