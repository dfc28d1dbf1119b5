"""The same features by a loop over accounts in pandas, written from the definitions: what the
set-based ones must agree with.

It is also what they are timed against: the way such features are usually computed.
"""

import itertools
import math
import re
from collections import Counter

import numpy as np
import pandas as pd

DAY, HOUR = 86_400, 3_600


def reference(accounts, posts):
    """Features of every account, one row each, as a list of dicts; `accounts` and `posts` are
    pandas frames.
    """
    of = dict(tuple(posts.groupby("account_id", sort=False)))
    nobody = posts.iloc[:0]
    return [
        features_of(row, of.get(row["account_id"], nobody)) for row in accounts.to_dict("records")
    ]


def features_of(account, posts):
    """The features of one account; NaN and None are missing."""
    found = {"account_id": account["account_id"], **profile(account)}
    if len(posts):
        found |= timing(posts) | text(posts) | content(posts) | network(posts)
        found |= bloc(posts, account["account_id"])
    return found


def known(value):
    return (
        value is not None
        and not (isinstance(value, float) and math.isnan(value))
        and value is not pd.NaT
    )


def per(a, b):
    return a / b if known(a) and known(b) and b != 0 else None


def profile(account):
    a = {k: v if known(v) else None for k, v in account.items()}
    extra = dict(a["extra"] or {})
    age = None
    if a["created_at"] is not None and a["observed_at"] is not None:
        days = (a["observed_at"] - a["created_at"]).total_seconds() / DAY
        age = days if days > 0 else None
    handle, name = a["handle"], a["display_name"]
    total = (
        a["followers"] + a["following"] if known(a["followers"]) and known(a["following"]) else None
    )
    found = {
        **{n: a[n] for n in ("followers", "following", "posts_total", "likes_total", "listed")},
        "followers_following_ratio": per(
            a["followers"], None if a["following"] is None else max(a["following"], 1)
        ),
        "reputation": per(a["followers"], total),
        "age_days": age,
        **{
            name: per(a[column], age)
            for name, column in {
                "posts_total_per_day": "posts_total",
                "followers_per_day": "followers",
                "following_per_day": "following",
                "likes_per_day": "likes_total",
                "listed_per_day": "listed",
            }.items()
        },
        "likes_per_post": per(a["likes_total"], a["posts_total"]),
        "handle_length": length(handle, extra, "handle_length"),
        "handle_digits": digits(handle),
        "handle_digits_share": per(digits(handle), None if handle is None else len(handle)),
        "display_name_length": length(name, extra, "display_name_length"),
        "display_name_digits": digits(name),
        "bio_length": length(a["bio"], extra, "bio_length"),
        "bio_has_url": None if a["bio"] is None else bool(re.search("https?://", a["bio"])),
        "has_url": None if a["url"] is None else a["url"].strip() != "",
        "has_location": None if a["location"] is None else a["location"].strip() != "",
        **{n: a[n] for n in ("default_profile", "default_avatar", "verified", "protected")},
        "background_image": (
            {
                "true": True,
                "1": True,
                "t": True,
                "false": False,
                "0": False,
                "f": False,
                "": False,
            }.get(extra.get("profile_use_background_image", "?").strip().lower())
        ),
    }
    if handle is not None and name is not None:
        h, n = handle.lower().encode(), name.lower().encode()
        found["name_handle_distance"] = per(levenshtein(h, n), max(len(h), len(n)))
    return found


def length(value, extra, told):
    if value is not None:
        return len(value)
    return int(extra[told]) if extra.get(told, "").isdigit() else None


def digits(value):
    return None if value is None else len(re.findall("[0-9]", value))


def levenshtein(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, last = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (x != y)))
    return row[-1]


def entropy(counts):
    p = np.asarray(list(counts), float) / sum(counts)
    return float(max(-(p * np.log2(p)).sum(), 0.0))


def timing(posts):
    found = {"posts_seen": len(posts)}
    when = posts["created_at"].dropna().sort_values()
    if when.empty:
        return found
    days = when.dt.floor("D").value_counts()
    span = (days.index.max() - days.index.min()).days + 1
    seconds = (when.iloc[-1] - when.iloc[0]).total_seconds()
    hours, weekhours = Counter(when.dt.hour), Counter(when.dt.day_of_week * 24 + when.dt.hour)
    found |= {
        "active_days": len(days),
        "active_days_share": len(days) / span,
        "posts_per_active_day_median": float(days.median()),
        "posts_per_active_day_p95": float(np.quantile(days, 0.95)),
        "posts_per_active_day_max": int(days.max()),
        "posts_per_day": per(len(when) * DAY, seconds),
        "hour_entropy": entropy(hours.values()),
        "weekhour_entropy": entropy(weekhours.values()),
        "night_share": float((when.dt.hour < 6).mean()),
        "weekend_share": float((when.dt.day_of_week >= 5).mean()),
        "quiet_share": (
            min(sum(hours[(h + i) % 24] for i in range(6)) for h in range(24)) / len(when)
        ),
        "round_second_share": float((when.dt.second == 0).mean()),
        "round_minute_share": float((when.dt.minute % 5 == 0).mean()),
    }
    return found | gaps(when)


def gaps(when):
    stretch, began, last = 0.0, None, None
    for moment in when:
        if last is None or (moment - last).total_seconds() >= 4 * HOUR:
            began = moment
        stretch, last = max(stretch, (moment - began).total_seconds()), moment
    found = {"longest_stretch": stretch / HOUR}
    gap = when.diff().dropna().dt.total_seconds()
    if len(gap):
        found |= {
            "gap_median": gap.median(),
            "gap_min": gap.min(),
            "longest_pause": gap.max() / HOUR,
            "same_moment_share": float((gap < 1).mean()),
        }
    if len(gap) >= 2:
        sd, mean = gap.std(ddof=0), gap.mean()
        found |= {"gap_cv": per(sd, mean), "burstiness": per(sd - mean, sd + mean)}
    return found


def text(posts):
    found = {"languages": posts["lang"].nunique() or None}
    texts = posts["text"].dropna()
    if texts.empty:
        return found
    lengths, characters = texts.str.len(), "".join(texts)
    words = Counter(word for t in texts for word in t.split(" ") if word)
    return found | {
        "text_length_mean": lengths.mean(),
        "text_length_sd": lengths.std(ddof=0) if len(texts) > 1 else None,
        "duplicate_text_share": 1 - texts.nunique() / len(texts),
        "distinct_word_ratio": per(len(words), sum(words.values())),
        "emoji_per_post": (
            sum("\u2600" <= c <= "\u27bf" or "\U0001f000" <= c <= "\U0001faff" for c in characters)
            / len(texts)
        ),
        "upper_case_share": per(sum(map(str.isupper, characters)), len(characters)),
        "punctuation_share": per(sum(c in PUNCTUATION for c in characters), len(characters)),
    }


PUNCTUATION = set("!\"#%&'()*,-./:;?@[\\]_{}¡¿…“”")
"""What of Unicode's category P the tests' texts hold."""


def stated(column, texts, pattern):
    """The lists that the source states, else what the text holds; None where neither is known."""
    return [
        (
            list(v)
            if isinstance(v, list | np.ndarray)
            else None
            if t is None
            else re.findall(pattern, t)
        )
        for v, t in zip(column, texts, strict=True)
    ]


def content(posts):
    texts = posts["text"].astype(object).where(posts["text"].notna(), None)
    kinds = [kind(k, t) for k, t in zip(posts["kind"], texts, strict=True)]
    tags = stated(posts["hashtags"], texts, r"#(\w+)")
    links = stated(posts["urls"], texts, r"https?://\S+")
    named = stated(posts["mentions"], texts, r"@([A-Za-z0-9_]+)")
    hosts = [
        re.match(r"[a-z]+://(?:www\.)?([^/:?#]+)", u.lower())
        for found in links
        if found
        for u in found
    ]
    own = np.array([k != "repost" for k in kinds])
    apps = Counter(posts["source_app"].dropna())
    return {
        "repost_share": share([k == "repost" for k in kinds if k]),
        "reply_share": share([k == "reply" for k in kinds if k]),
        **shares("url_share", "urls_per_post", links),
        **shares("hashtag_share", "hashtags_per_post", tags),
        **shares("mention_share", "mentions_per_post", named),
        **several("hashtag_concentration", "distinct_hashtag_ratio", tags),
        **several("mention_concentration", "distinct_mention_ratio", named),
        "domain_concentration": concentration(Counter(m[1] for m in hosts if m)),
        "distinct_domains": len({m[1] for m in hosts if m}) or None,
        "repost_concentration": concentration(Counter(posts["ref_account_id"][~own].dropna())),
        "distinct_apps": len(apps) or None,
        "top_app_share": max(apps.values()) / sum(apps.values()) if apps else None,
        "reposts_received_mean": posts["reposts"][own].astype(float).mean(),
        "likes_received_mean": posts["likes"][own].astype(float).mean(),
    }


def network(posts):
    texts = posts["text"].astype(object).where(posts["text"].notna(), None)
    named = Counter(
        n.lower()
        for found in stated(posts["mentions"], texts, r"@([A-Za-z0-9_]+)")
        if found
        for n in found
    )
    own = np.array([kind(k, t) != "repost" for k, t in zip(posts["kind"], texts, strict=True)])
    taken = Counter(posts["ref_account_id"][~own].dropna())
    return {
        "accounts_mentioned": len(named) or None,
        "mention_entropy": entropy(named.values()) if named else None,
        "top_mention_share": max(named.values()) / sum(named.values()) if named else None,
        "accounts_reposted": len(taken) or None,
        "repost_entropy": entropy(taken.values()) if taken else None,
    }


PAUSES = (
    (60, ""),
    (300, "□"),
    (HOUR, "⚀"),
    (DAY, "⚁"),
    (7 * DAY, "⚂"),
    (2_628_000, "⚃"),
    (31_540_000, "⚄"),
    (math.inf, "⚅"),
)


def holds(row, sort, own):
    """The content word of a post."""
    lists = [row["tags"], row["links"], row["named"]]
    if row["text"] is None and all(found is None for found in lists):
        return None
    tags, links, named = (found or [] for found in lists)
    told = row["text"] or ""
    media = sum(bool(re.search(r"pic\.twitter\.com/|/(photo|video)/\d", u)) for u in links)
    led = sort == "reply" or told.startswith("RT @")
    rest = re.sub(r"^RT @\w+:?|https?://\S+|[#@]\w+", "", told).strip()
    word = "E" * media + "H" * len(tags) + "m" * max(len(named) - led, 0)
    word += ("φ" if own else "q") * (sort == "quote") + "U" * (len(links) - media)
    return re.sub(r"([EHmU])\1{3,}", r"\1\1\1+", word + "t" * bool(rest))


def bloc(posts, account):
    rows = posts.astype(object).where(posts.notna(), None).to_dict("records")
    texts = [r["text"] for r in rows]
    for name, column, pattern in (
        ("tags", "hashtags", r"#(\w+)"),
        ("links", "urls", r"https?://\S+"),
        ("named", "mentions", r"@([A-Za-z0-9_]+)"),
    ):
        for row, found in zip(rows, stated(posts[column], texts, pattern), strict=True):
            row[name] = found
    letters = {"reply": ("p", "π"), "repost": ("r", "ρ")}
    done = []
    for row in rows:
        sort, own = kind(row["kind"], row["text"]), row["ref_account_id"] == account
        if row["created_at"] is None or sort is None:
            continue
        act = letters.get(sort, ("T", "T"))[own]
        # Milliseconds, as the set-based ones read them.
        at = pd.Timestamp(row["created_at"]).value // 10**6
        done.append((at, act, holds(row, sort, own)))
    done.sort(key=lambda d: d[:2])
    if not done:
        return {}
    gaps = [(b[0] - a[0]) / 1000 for a, b in itertools.pairwise(done)]
    pauses = ["", *(next(sign for below, sign in PAUSES if gap < below) for gap in gaps)]
    words, pairs = [], Counter()
    for i, (_, act, _) in enumerate(done):
        # Posts of one moment belong to one word.
        new = pauses[i] or (i == 0)
        words = [*words, act] if new else [*words[:-1], words[-1] + act]
        if i:
            pairs[done[i - 1][1] + pauses[i] + act] += 1
    counted, sorts = Counter(words), Counter(pauses[1:])
    held = Counter(c for *_, c in done if c is not None)
    n, m = len(words), sum(held.values())
    found = {
        "bloc_word_entropy": entropy(counted.values()),
        "bloc_word_variety": len(counted) / n,
        "bloc_word_concentration": concentration(counted),
        "bloc_word_size_mean": len(done) / n,
        "bloc_word_size_max": max(map(len, words)),
        "bloc_self_share": share([act in "πρ" for _, act, _ in done]),
    }
    if gaps:
        for name, signs in (
            ("no_pause", ("",)),
            ("minutes", "□⚀"),
            ("hours", "⚁"),
            ("days", "⚂⚃⚄⚅"),
        ):
            found[f"bloc_{name}_share"] = share([p in tuple(signs) for p in pauses[1:]])
        found["bloc_pause_entropy"] = entropy(sorts.values())
        found["bloc_pair_entropy"] = entropy(pairs.values())
    if m:
        found |= {
            "bloc_content_entropy": entropy(held.values()),
            "bloc_content_variety": len(held) / m,
            "bloc_content_size_mean": sum(len(c) * k for c, k in held.items()) / m,
            "bloc_plain_share": held["t"] / m,
        }
    return found


def kind(stated, text):
    if known(stated) and stated != "unknown":
        return stated
    if text is None:
        return None
    return "repost" if text.startswith("RT @") else "reply" if text.startswith("@") else "original"


def share(flags):
    return sum(flags) / len(flags) if flags else None


def shares(any_name, mean_name, lists):
    there = [len(v) for v in lists if v is not None]
    return {
        any_name: share([n > 0 for n in there]),
        mean_name: sum(there) / len(there) if there else None,
    }


def several(concentration_name, ratio_name, lists):
    items = Counter(item.lower() for found in lists if found for item in found)
    return {
        concentration_name: concentration(items),
        ratio_name: per(len(items), sum(items.values())),
    }


def concentration(counts):
    total = sum(counts.values())
    return sum(n * n for n in counts.values()) / total**2 if total else None
