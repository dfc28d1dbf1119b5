"""Compare texts of posts by their words."""

from __future__ import annotations


def words_sql(text: str) -> str:
    """SQL for the words of a text: in lower case, without links, names, digits and signs.

    Letters of all scripts and `#` stay, with one blank between words. Texts with equal words are
    the same text. NULL stays NULL.

    >>> import duckdb
    >>> texts = "VALUES ('RT @bob: Vote NOW!! https://t.co/x'), ('Rt ＠eve vote — now 2018')"
    >>> duckdb.sql(f"SELECT DISTINCT {words_sql('t')} FROM ({texts}) v(t)").fetchall()
    [('rt vote now',)]
    """
    without_names = f"regexp_replace(lower({text}), 'https?://\\S+|[@\uff20]\\w+', ' ', 'g')"
    return f"trim(regexp_replace({without_names}, '[^\\p{{L}}#]+', ' ', 'g'))"
