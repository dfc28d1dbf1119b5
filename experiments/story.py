"""docs/story.md and its picture: each sentence of the story beside what botbench gives.

    python experiments/story.py [--data DIR] [--store DIR]

`--data` holds the files of the card ira-2017-summer, by default ../shared/data/ira-2017-summer.
They have no public address, so without them nothing is written. `--store` is a folder for the
stores (by default a new one that is removed at the end); what is finished there is used again.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from pages import DOCS, run, write

ROOT = DOCS.parent
DATA = ROOT.parent / "shared" / "data" / "ira-2017-summer"
CAMPAIGN = "datasets/ira-2017-summer/operation.yaml"
EVENT = "charlottesville"
REAL, SIMULATED, NEITHER = "real", "simulated", "neither real nor simulated"
Row = tuple[str, str, str, str, str, str]


def main() -> int:
    """Run the two studies and write the page and its picture."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--data", type=Path, default=DATA)
    given.add_argument("--store", type=Path)
    asked = given.parse_args()
    if not (asked.data / "authors.csv").is_file():
        said = f"There is no authors.csv in {asked.data}: name the folder with --data."
        print(said, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="botbench-story-") as scratch:
        folder = asked.store or Path(scratch)
        real, simulated = _real(folder / "real", asked.data), _simulated(folder / "simulated")
        sections = [*_shares(simulated), *_ranks(real), *_spread(real, simulated), *_rates(real)]
        sections = sorted([*sections, *_pictures(), *_claims(real)])
        write("story.md", "story", _page(sections))
        picture = DOCS / "images" / "story.svg"
        picture.write_text(_picture(folder / "real" / "report" / "report.html"), encoding="utf-8")
    return 0


def _real(folder: Path, data: Path) -> dict[str, Any]:
    """Pull the posts of 2017 and report the operation: its document, with the pull's."""
    store = ("--store", str(folder / "store"))
    pulled = run(*store, "pull", "ira-2017-summer", "--from", str(data))
    report = run(*store, "study", str(ROOT / CAMPAIGN), "--out", str(folder / "report"))
    return {**report, "pull": pulled, "folder": folder / "report"}


def _simulated(folder: Path) -> dict[str, Any]:
    """The study of the simulated campaign, as `botbench demo --study` makes it."""
    out = folder / "out"
    if not (found := sorted(out.rglob("study.json"))):
        run("--store", str(folder / "store"), "demo", "--study", "--out", str(out))
        found = sorted(out.rglob("study.json"))
    document: dict[str, Any] = json.loads(found[0].read_text(encoding="utf-8"))
    return {**document, "folder": found[0].parent}


def _page(rows: list[Row]) -> str:
    parts = []
    for number, sentence, kind, gives, sure, overturn in rows:
        parts += [
            f"### {number}. {sentence}",
            "",
            f"- **Does it stand?** {STANDS[number]}",
            f"- **On {kind} data**: {gives}",
            f"- **How surely**: {sure}",
            f"- **What would overturn it**: {overturn}",
            f"- **Command**: `{COMMANDS[kind]}`",
            "",
        ]
    return "\n".join(parts).rstrip()


STANDS = {
    "S1": "Not shown for the real accounts. On simulated ones the intervals hold the truth.",
    "S2": "Not shown for the real accounts, and on simulated ones only as the interval below says.",
    "S3": "Not shown for the real accounts. On simulated ones with the intervals below.",
    "S4": "In part: as a count of these accounts, with a rank that few of them carry.",
    "S5": "Only for these accounts, and only by words; the number in the story cannot be checked.",
    "S6": "Cannot be said from these data.",
    "S7": "Yes, as a count. It does not follow that they were bots.",
    "S8": "That Twitter said so stands. That it is so, does not follow.",
}
"""The judgement on each sentence, by hand; its numbers stand below it."""
COMMANDS = {
    REAL: f"botbench study {CAMPAIGN}",
    SIMULATED: "botbench demo --study",
    NEITHER: "botbench study one-account ID",
}


def _table(document: dict[str, Any], name: str) -> list[dict[str, str]]:
    file = document["folder"] / "figures" / f"{name}.csv"
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(e: dict[str, Any]) -> str:
    return f"{_percent(e['value'])} ({100 * e['low']:.1f} to {100 * e['high']:.1f})"


def _estimate(study: dict[str, Any], quantity: str, group: str | None) -> dict[str, Any]:
    found = [
        e
        for e in study["estimates"]
        if e["quantity"] == quantity and e["group"] == group and (e["default"] or group)
    ]
    return found[0] if found else {}


def _shares(study: dict[str, Any]) -> list[Row]:
    accounts, posts = (_estimate(study, f"share of {q}", None) for q in ("accounts", "posts"))
    truth = study["truth"]
    flagged = _percent(accounts["naive"])
    groups = [e for e in study["estimates"] if e["group"] and e["quantity"] == "share of accounts"]
    sides = [e for e in groups if e["group"].startswith("side: ") and " - " not in e["group"]]
    tags = [e for e in groups if e["group"].startswith("hashtag: ")]
    differences = [
        e
        for e in study["estimates"]
        if e["quantity"] == "difference in share of accounts"
        and str(e["group"]).count("side: ") == 2
        and "side: none" not in e["group"]
    ]
    named = "; ".join(f"{e['group'].partition(': ')[2]} {_interval(e)}" for e in sides)
    said = "No difference could be given."
    for apart in differences[:1]:
        value, low, high = (f"{100 * apart[key]:+.1f}" for key in ("value", "low", "high"))
        told = "is" if apart["low"] * apart["high"] > 0 else "is not"
        which = apart["group"].replace("side: ", "").replace(" - ", " less ")
        said = f"{which}: {value} points ({low} to {high}), which {told} told apart from none."
    return [
        (
            "S1",
            '"15 % of the accounts are bots, and they write a fifth of the posts"',
            SIMULATED,
            f"{_interval(accounts)} of the accounts and {_interval(posts)} of the posts. The truth"
            f" is {_percent(truth['share of accounts'])} and {_percent(truth['share of posts'])}."
            f" The detector flags {flagged} of the accounts, and that is not the share.",
            f"95 % intervals, from {accounts['n_labelled']:,} accounts that simulated people"
            " labelled and a detector's scores of all. On the real posts of 2017 no share can be"
            " given: nobody drew and labelled a sample.",
            "A sample that was not drawn by chance, or people who all err alike on the same bots.",
        ),
        (
            "S2",
            '"One side has more bots than the other"',
            SIMULATED,
            f"{named}." if named else "No side could be estimated.",
            said,
            "Another rule for who is on which side; too few labelled accounts on one of them.",
        ),
        (
            "S3",
            '"Bots make up much of who uses this hashtag"',
            SIMULATED,
            "; ".join(f"#{e['group'].partition(': ')[2]} {_interval(e)}" for e in tags[:3]) + ".",
            "95 % intervals of the share of accounts that used it, each for itself.",
            "Accounts that a search had missed, or that were gone before anybody looked.",
        ),
    ]


def _ranks(report: dict[str, Any]) -> list[Row]:
    rows = _table(report, "around-events")
    doubt, missing = _table(report, "doubt"), _table(report, "missing")
    ranks = "; ".join(f"number {r['rank']} on {r['day']} with {r['posts']} posts" for r in rows)
    within = sum(int(r["low"]) <= 4 and int(r["high"]) >= 3 for r in rows)
    best = min(range(len(rows)), key=lambda i: int(rows[i]["rank"]))
    return [
        (
            "S4",
            '"The third or fourth most used hashtag of Russia-linked accounts, for days"',
            REAL,
            f"#{EVENT} was {ranks}.",
            "Intervals "
            + ", ".join(f"{r['low']} to {r['high']}" for r in rows)
            + f": third or fourth lies within them on {within} of {len(rows)} days. If 20 % of the"
            f" accounts were wrongly named, the best day's rank is {doubt[best]['20 % wrong']}.",
            f"{doubt[best]['carried by']} accounts carry the best day's rank: without their"
            f" {doubt[best]['their posts']} posts another hashtag overtakes. The posts of 17 of the"
            " largest accounts are missing. Had they posted as the largest here did, the rank would"
            f" be {missing[best]['rank with the missing accounts']}.",
        )
    ]


def _spread(report: dict[str, Any], study: dict[str, Any]) -> list[Row]:
    senses = _table(report, "post-words")
    posts, accounts = senses[2]["posts"], senses[2]["accounts"]
    bots = _estimate(study, "share of posts", "one post: its reposts")
    simulated = (
        f" On simulated data, bots made {_interval(bots)} of the reposts of the most reposted post."
        if bots
        else ""
    )
    return [
        (
            "S5",
            '"One post was reposted 16,000 times, by these accounts"',
            REAL,
            f"The text that most of these accounts passed on went out {posts} times, by {accounts}"
            f" of them. What others did with it is not in the data.{simulated}",
            f"Reposts are known by their words only: {senses[0]['posts']} in the narrowest sense of"
            f' "the same", {senses[-1]["posts"]} in the widest.',
            "Ids of the reposted posts, and the posts of everybody else.",
        )
    ]


def _rates(report: dict[str, Any]) -> list[Row]:
    over = {r["posts a day over"]: r for r in _table(report, "pace")}["90"]
    days = [r["day"] for r in report["rates"]]
    near = sum("2017-08-12" <= d <= "2017-08-14" for d in days)
    return [
        (
            "S7",
            '"Accounts that posted over 90 times a day about it"',
            REAL,
            f"{int(over['account-days']):,} account-days over 90 posts, by {over['accounts']} of"
            f" {report['accounts']} accounts; the most is {report['rates'][0]['posts']:,}. {near}"
            " of these days are 12 to 14 August. They count all posts of an account, not only those"
            " about one event.",
            "A count, so exact for the posts that are here. Days are UTC.",
            "Posts that repeat another of the same account and time, word for word: "
            + next((n.split(" of ")[0] for n in report["notes"] if "repeat another" in n), "none")
            + " do. That somebody posts so often does not show that software wrote.",
        )
    ]


def _pictures() -> list[Row]:
    return [
        (
            "S6",
            '"Its picture was cut from a book cover"',
            NEITHER,
            "no number: the posts of 2017 came without pictures, and simulated accounts have none."
            " Where pictures are kept, their perceptual hashes are compared with those of all other"
            " accounts.",
            "It finds the same picture at other accounts of the store. It does not search the web,"
            " so a book cover would not be found.",
            "The original of the picture; a hash that meets by chance.",
        )
    ]


def _claims(report: dict[str, Any]) -> list[Row]:
    claims = report["pull"]["claims"]["platform"]
    answer, number = next(iter(claims.items()))
    return [
        (
            "S8",
            '"They were Russian bots: Twitter took them down"',
            REAL,
            f"{number:,} claims of the platform say `{answer}`, and none says `bot`. They are dated"
            " 2018-06-18, nine months after the last post here.",
            "A claim, not a truth: Twitter named the accounts and showed no evidence. Two accounts"
            " are in neither of its lists.",
            "Linvill and Warren told WIRED in 2018 that over 20 accounts of the list look like"
            " ordinary people. The ranks above say what wrong members would change.",
        )
    ]


def _picture(page: Path) -> str:
    """The report's picture of ranks as a file of its own, on white."""
    html = page.read_text(encoding="utf-8")
    wide = r'<svg class="chart wide"[^>]*viewBox="0 0 (\d+) (\d+)"[^>]*>(.*?)</svg>'
    found = re.search(wide, html, re.DOTALL)
    if found is None:
        raise ValueError(f"{page} has no picture of ranks")
    width, height, inside = found.groups()
    styles = "".join(
        (ROOT / "botbench" / "html" / name).read_text(encoding="utf-8").split("@media", 1)[0]
        for name in ("base.css", "charts.css")
    )
    rules = (ROOT / "botbench" / "html" / "charts.css").read_text(encoding="utf-8")
    rules = "".join(line for line in rules.splitlines(True) if line.startswith(".chart "))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width} {height}">'
        f"<style>{styles.split('* {', 1)[0]}{rules}</style>"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{inside}</svg>\n'
    )


if __name__ == "__main__":
    sys.exit(main())
