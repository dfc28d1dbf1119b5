"""Groups of accounts that act alike more often than chance allows, by several traces at once.

Settings (`settings: {coordination: {...}}`): `window` in seconds (60), `rate` of false discoveries
(.05), `of` (traces; all in time by default), `codes` (the title of one of the campaign's groups of
accounts, such as categories coded by hand, that the groups found are compared with). Coordination
is no proof of automation: supporters and newsrooms also act alike.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.study.coordination.coordinated import Coordinated, coordinated
from benchmarks.study.coordination.meetings import LEAST
from benchmarks.study.coordination.network import TieNetwork
from benchmarks.study.coordination.traces import CROWD, TRACES
from benchmarks.study.questions import Answer, Figure, Table, Text, question
from botbench.core.errors import UserError, unknown
from botbench.html.charts import campaign

if TYPE_CHECKING:
    from benchmarks.study.study import Study

SHOWN, DRAWN, LISTED = 20, 300, 50_000
SETTINGS = ("window", "rate", "of", "codes")
COLOURS = 8


@question("coordination", title="Who acts together", order=70)
def coordination(study: Study) -> Answer:
    """Groups as tables and a picture: which traces tie them, how far beyond chance, their part of
    the posts, and how far they agree with codes.
    """
    answer = Answer()
    if not study.frame.posts:
        return answer
    window, rate, of, codes = _settings(study)
    found = coordinated(
        study.frame.store.connection,
        study.frame.posts_sql,
        None if codes is None else f"(SELECT account_id, {codes} AS code FROM {study.frame.table})",
        window=window,
        rate=rate,
        of=of,
    )
    network = found.network
    if not sum(network.actions):
        answer.blocks.append(
            Text("No dated post of the campaign does anything that could be compared.")
        )
        return answer
    answer.blocks += [Text(_summary(network, window, rate)), _traces(network)]
    answer.files = lambda folder: found.document(found.write(folder))
    answer.lead = (
        f"{len(network.a):,} pairs of accounts act together more often than chance allows, in"
        f" {network.groups:,} groups of {int((network.group >= 0).sum()):,} accounts."
        if len(network.a)
        else "No pair of accounts is shown to act together more often than chance allows."
    )
    if len(network.a):
        answer.blocks += [_groups(study, found), *_agreement(found), _picture(found)]
    return answer


def _settings(study: Study) -> tuple[float, float, tuple[str, ...] | None, str | None]:
    """Window, rate, traces, and the frame's column of codes. Raises UserError for wrong ones."""
    options = study.campaign.settings.get("coordination", {})
    for name in options:
        if name not in SETTINGS:
            raise unknown("setting (settings.coordination)", name, SETTINGS)
    window, rate = (
        _number(options, name, usual, top)
        for name, usual, top in (("window", 60.0, float("inf")), ("rate", 0.05, 1.0))
    )
    of = options.get("of")
    traces: tuple[str, ...] | None = None
    if of is not None:
        if not isinstance(of, list | tuple) or not of:
            raise UserError("settings.coordination.of must be a list of traces, such as [repost].")
        for kind in of:
            if kind not in TRACES.all():
                raise unknown("trace (settings.coordination.of)", str(kind), TRACES.all())
        traces = tuple(of)
    title = options.get("codes")
    if title is None:
        return window, rate, traces, None
    columns = study.frame.group_columns
    if title not in columns:
        raise unknown("group of accounts (settings.coordination.codes)", str(title), columns)
    return window, rate, traces, f"nullif({columns[title]}, 'unknown')"


def _number(options: dict[str, Any], name: str, usual: float, top: float) -> float:
    value = options.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= top:
        most = "" if np.isinf(top) else f" and at most {top:g}"
        raise UserError(
            f"settings.coordination.{name} must be a number above 0{most}, got {value!r}."
        )
    return float(value)


def _summary(network: TieNetwork, window: float, rate: float) -> str:
    crowds = ""
    if crowded := sum(network.crowded):
        crowds = (
            f" {crowded:,} moments in which too many accounts did the same are left out as trends"
            f" (over {CROWD}; for a client, fewer)."
        )
    n = len(network.accounts)
    sessions = ""
    if not all(TRACES.get(name).timed for name in network.traces):
        sessions = " Sessions are compared at whatever time, and move among those like them."
    return (
        f"{sum(network.actions):,} actions of {n:,} accounts; {network.compared:,} pairs did the"
        f" same at least {LEAST} times within {window:g} seconds, {len(network.a):,} of"
        " them more often than chance allows (false discovery rate"
        f" {rate:g} over all {n * (n - 1) // 2:,} pairs and all traces together), in"
        f" {network.groups:,} groups of {int((network.group >= 0).sum()):,} accounts.{crowds} By"
        " chance: every account keeps its number of actions in each six hours (in each hour for"
        f" rhythm), and who meets whom is chance.{sessions} Acting alike does not prove automation."
    )


def _traces(network: TieNetwork) -> Table:
    """A row a trace: its actions, the pairs that met, and the pairs that it ties."""
    tied = network.tied_by().sum(axis=0)
    rows = [
        (name, TRACES.get(name).about, actions, met, int(ties), left)
        for name, actions, met, ties, left in zip(
            network.traces, network.actions, network.met, tied, network.crowded, strict=True
        )
    ]
    return Table(
        "coordination-traces",
        "Traces",
        ("trace", "two accounts", "actions", "pairs that met twice", "pairs tied", "trends"),
        rows,
        "A pair is tied by a trace at the one false discovery rate of all traces. Trends are the"
        " moments left out.",
    )


def _groups(study: Study, found: Coordinated) -> Table:
    """A row a group: accounts, ties, traces, co-actions seen and expected, posts and score."""
    import pyarrow as pa

    network = found.network
    connection = study.frame.store.connection
    members = network.members()
    connection.register(
        "study_groups", pa.table({"account_id": members["account_id"], "g": members["group"]})
    )
    try:
        rows = connection.execute(
            "SELECT g, sum(posts)::BIGINT, avg(score), min(account_id)"
            f" FROM {study.frame.table} JOIN study_groups USING (account_id) GROUP BY g ORDER BY g"
            f" LIMIT {SHOWN}"
        ).fetchall()
    finally:
        connection.unregister("study_groups")
    of = network.group[network.a][network.tie]
    seen, chance = (
        np.bincount(of[network.meant], weights=w[network.meant], minlength=network.groups)
        for w in (network.shared.astype(float), network.expected)
    )
    documents = found.groups()
    cells = []
    for (g, posts, score, first), about in zip(rows, documents[:SHOWN], strict=True):
        cells.append(
            (
                g,
                len(about["accounts"]),
                about["ties"],
                ", ".join(about["by"]),
                int(seen[g - 1]),
                round(float(chance[g - 1]), 3),
                posts,
                posts / max(study.frame.posts, 1),
                score if study.frame.scored else None,
                about["code"],
                about["agreement"],
                first,
            )
        )
    more = f"The largest {SHOWN} of {network.groups:,}; the others are in the files. "
    return Table(
        "coordination",
        "Groups that act together",
        (
            "group",
            "accounts",
            "ties",
            "tied by",
            "co-actions",
            "by chance",
            "posts",
            "part of all posts",
            "mean score",
            "most frequent code",
            "share",
            "one of them",
        ),
        cells,
        (more if network.groups > SHOWN else "")
        + "Co-actions and chance are summed over the group's ties and the traces that tie them.",
    )


def _agreement(found: Coordinated) -> list[Text | Table]:
    """How far groups agree with codes; nothing without codes."""
    about = found.agreement()
    if about is None:
        return []
    measures = (
        ("adjusted Rand index", about.adjusted_rand),
        ("adjusted mutual information", about.adjusted_mutual_information),
    )
    return [
        Table(
            "coordination-agreement",
            "Agreement of the groups with the codes",
            ("measure", "agreement", "95 % low", "95 % high", "codes shuffled", "shuffled 97.5 %"),
            [
                (
                    name,
                    *(round(v, 4) for v in (m.value, m.low, m.high, m.shuffled, m.shuffled_high)),
                )
                for name, m in measures
            ],
            f"{about.n:,} accounts that are in one of {about.groups:,} groups and have one of"
            f" {about.codes:,} codes. 1 is the same partition, 0 chance. Groups finer than the"
            " codes lower both measures, even where each group has one code only.",
        )
    ]


def _picture(found: Coordinated) -> Figure:
    """The largest groups as a network; its places come from a seeded layout."""
    import igraph

    network = found.network
    there = np.flatnonzero(network.group >= 0)
    kept = there[np.argsort(network.group[there], kind="stable")][:DRAWN]
    place = np.full(len(network.accounts), -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    inside = (place[network.a] >= 0) & (place[network.b] >= 0)
    ties = list(
        zip(place[network.a[inside]].tolist(), place[network.b[inside]].tolist(), strict=True)
    )
    igraph.set_random_number_generator(random.Random(0))
    layout = np.array(igraph.Graph(len(kept), ties).layout_fruchterman_reingold(niter=300).coords)
    span = np.ptp(layout, axis=0)
    places = (layout - layout.min(axis=0)) / np.where(span > 0, span, 1)
    words, meaning = _colours(found)
    names, colour = _most_frequent(words[kept])
    title = f"Accounts tied by acting together, coloured by {meaning}" + (
        f" (the largest groups, {DRAWN} accounts)" if len(there) > DRAWN else ""
    )
    drawing = campaign.network(
        [(float(x), float(y)) for x, y in places], ties, colour.tolist(), title, names
    )
    table = network.ties().slice(0, LISTED)
    columns = ["account", "with", "traces", "weight", "q"]
    rows = [
        (r["account"], r["with"], ", ".join(r["traces"]), r["weight"], r["q"])
        for r in table.select(columns).to_pylist()
    ]
    return Figure(
        "coordination-network",
        title,
        drawing,
        tuple(columns),
        rows,
        "A line is a tie. Ties with all their counts: network.graphml, network-ties.parquet.",
        half=True,
    )


def _colours(found: Coordinated) -> tuple[Any, str]:
    """A word for each account (object[n]) and what the words are: codes, else the trace that ties
    the account most.
    """
    network = found.network
    if found.codes is not None:
        return np.array([c or "not coded" for c in found.codes], dtype=object), "code"
    ties = np.zeros((len(network.accounts), len(network.traces)), dtype=np.int64)
    by = network.tied_by()
    np.add.at(ties, network.a, by)
    np.add.at(ties, network.b, by)
    names = np.asarray(network.traces, dtype=object)
    return names[np.argmax(ties, axis=1)], "the trace that ties most"


def _most_frequent(words: Any) -> tuple[list[str], Any]:
    """The words by how many have them, the eighth colour being all others; each one's colour."""
    names, place, times = np.unique(words.astype(str), return_inverse=True, return_counts=True)
    rank = np.argsort(np.lexsort((names, -times)))
    colour = np.minimum(rank, COLOURS - 1)[place]
    order = [str(n) for n in names[np.argsort(rank)]]
    shown = order if len(order) <= COLOURS else [*order[: COLOURS - 1], "others"]
    counts = np.bincount(colour, minlength=len(shown))
    return [f"{name} ({int(n):,})" for name, n in zip(shown, counts, strict=True)], colour
