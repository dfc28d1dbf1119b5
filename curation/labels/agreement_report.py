"""Agreement of the people who answered in a data set or a batch, as one document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botbench.core.errors import UserError
from botbench.core.sql import literal, literals
from botbench.stats import agreement
from botbench.stats.votes import Votes
from curation.ingest import data_sets
from curation.labels.consensus.votes import NO_TRAINING
from curation.store.retractions import standing_claims
from curation.store.snapshot_queries import latest

if TYPE_CHECKING:
    from curation.labels.consensus import Meaning
    from curation.store.store import Store

VOTES = "agreement_votes"
GROUPS = ("batch", "stratum", "platform")
CANNOT = "answer = 'cannot tell'"
NUMBERS = ("percent", "fleiss", "ac1", "ac2")


@dataclass(frozen=True)
class Scope:
    """Whose answers on what: a data set, and one batch of it or all its claims."""

    dataset: str
    batch: str | None


def report(
    store: Store,
    reference: str,
    scheme: Meaning,
    *,
    kinds: Sequence[str] = ("person",),
    at: str | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """The document of `botbench agreement`: figures with 95 % intervals, with "cannot tell" as an
    answer and left out.

    `reference` is a data set or a batch (or how its id begins). Where every answer has a code on
    one declared scale (attributes `scale` and `code`), the codes are the answers. Raises UserError
    where nobody answered.
    """
    scope = find_scope(store, reference)
    scale = collect(store, scope, kinds, at)
    order = _order(store, scale, scheme)
    whole = _votes(store, order, judging=False)
    # Where everybody could tell, both are the same, and what is costly of them is done once.
    judging = _votes(store, order, judging=True) if _given(store, CANNOT) else whole
    document = {
        "dataset": scope.dataset,
        "batch": scope.batch,
        "kinds": sorted(kinds),
        "scale": scale,
        "order": order,
        **_figures(whole, seed),
        "answers": _given(store, "true"),
        "cannot_tell": _given(store, CANNOT),
    }
    without = {**_figures(judging, seed), "answers": _given(store, f"NOT ({CANNOT})")}
    document["alpha"] |= {
        f"{name}_without_cannot_tell": value for name, value in without.pop("alpha").items()
    }
    document["without_cannot_tell"] = without
    document["annotators_resampled"] = _people(whole, judging, seed)
    document["pairs"] = agreement.pairs(whole).to_pylist()
    document["by"] = {
        **{group: _by(store, group, order, seed) for group in GROUPS},
        "answer": agreement.by_answer(whole),
    }
    document["bootstrap"] = {"repeats": agreement.REPEATS, "seed": seed, "level": 0.95}
    return document


def find_scope(store: Store, reference: str) -> Scope:
    """A data set with claims, or a batch by its id or how it begins; raises UserError naming the
    closest.
    """
    datasets = [
        r[0]
        for r in store.connection.execute(
            "SELECT DISTINCT dataset FROM lake.main.claims ORDER BY 1"
        ).fetchall()
    ]
    if reference in datasets:
        return Scope(reference, None)
    batches = store.connection.execute(
        "SELECT batch_id, dataset FROM lake.main.batches ORDER BY 1"
    ).fetchall()
    matching = [b for b in batches if b[0] == reference] or [
        b for b in batches if b[0].startswith(reference)
    ]
    if len(matching) == 1:
        return Scope(str(matching[0][1]), str(matching[0][0]))
    if matching:
        raise UserError(
            f"Several batches begin with {reference!r}: {', '.join(b for b, _ in matching)}. Give"
            " more of the id."
        )
    raise data_sets.absent(
        store,
        reference,
        what="data set with claims, or batch,",
        known=[*datasets, *(b for b, _ in batches)],
    )


def collect(store: Store, scope: Scope, kinds: Sequence[str], at: str | None) -> str | None:
    """Collect the standing answers in the temporary table `agreement_votes`; returns the scale all
    of them are on, if any.

    One row for each standing claim. Adjudicators are left out: they see the others' answers. So are
    answers in training, where the solution follows.
    """
    among = literals(kinds)
    batch = f" AND batch_id = {literal(scope.batch)}" if scope.batch else ""
    accounts = f"(FROM {store.relation('accounts', at)} WHERE dataset = {literal(scope.dataset)})"
    store.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {VOTES} AS
        WITH standing AS (
            FROM {standing_claims(store.relation("claims", at))}
            WHERE dataset = {literal(scope.dataset)} AND claimant_kind IN ({among})
                AND coalesce(attributes['role'], '') <> 'adjudicator'
                AND {NO_TRAINING.format("")}{batch})
        SELECT s.account_id AS account, {_annotator(kinds)} AS annotator, s.answer,
            s.attributes['scale'] AS scale, s.attributes['code'] AS code, s.made_at,
            coalesce(s.batch_id, '(none)') AS batch,
            coalesce(a.stratum, s.attributes['stratum'], '(none)') AS stratum,
            coalesce(p.platform, '(unknown)') AS platform
        FROM standing s
        LEFT JOIN (
            SELECT DISTINCT batch_id, account_id, stratum
            FROM {store.relation("assignments", at)}) a
            ON a.batch_id = s.batch_id AND a.account_id = s.account_id
        LEFT JOIN (
            SELECT account_id, any_value(platform) AS platform FROM {latest(accounts)}
            GROUP BY account_id) p
            ON p.account_id = s.account_id""")
    _check_any(store, scope, kinds, at)
    row = store.connection.execute(
        "SELECT count(DISTINCT scale), any_value(scale), bool_and(scale IS NOT NULL AND code IS"
        f" NOT NULL) FROM {VOTES}"
    ).fetchone()
    assert row is not None
    return str(row[1]) if row[0] == 1 and row[2] else None


def _annotator(kinds: Sequence[str]) -> str:
    return "s.claimant" if len(kinds) == 1 else "s.claimant_kind || ' ' || s.claimant"


def _check_any(store: Store, scope: Scope, kinds: Sequence[str], at: str | None) -> None:
    answers = store.connection.execute(f"SELECT count(*) FROM {VOTES}").fetchone()
    if answers and answers[0]:
        return
    where = f"batch {scope.batch}" if scope.batch else scope.dataset
    others = store.connection.execute(
        f"SELECT claimant_kind, count(*) FROM {store.relation('claims', at)} WHERE dataset = ?"
        " GROUP BY ALL ORDER BY ALL",
        [scope.dataset],
    ).fetchall()
    counts = ", ".join(f"{n:,} of kind {kind}" for kind, n in others) or "none"
    raise UserError(
        f"Nobody of the kinds {', '.join(kinds)} answered in {where}; the claims of {scope.dataset}"
        f" are: {counts}. Choose with --kinds, or bring answers in: botbench annotate sync."
    )


def _order(store: Store, scale: str | None, scheme: Meaning) -> list[str]:
    """The answers in order: the scale's codes, or what means human, what leaves the account out,
    what means bot.
    """
    if scale is not None:
        codes = [
            r[0] for r in store.connection.execute(f"SELECT DISTINCT code FROM {VOTES}").fetchall()
        ]
        try:
            return sorted(codes, key=float)
        except ValueError:
            return sorted(codes)
    given = [
        r[0]
        for r in store.connection.execute(
            f"SELECT DISTINCT answer FROM {VOTES} ORDER BY 1"
        ).fetchall()
    ]
    places: Mapping[object, int] = {"human": 0, None: 1, "bot": 2}
    return sorted(given, key=lambda word: places[scheme.labels.get(word)])


def _votes(store: Store, order: Sequence[str], judging: bool, where: str = "true") -> Votes:
    """Each annotator's latest answer on each account; `judging` leaves "cannot tell" out before
    looking for the latest.

    Two different answers of one moment are no answer: nothing says which of them counts.
    """
    word = "code" if _is_scale(store, order) else "answer"
    only = f" AND NOT ({CANNOT})" if judging else ""
    table = store.arrow(
        f"""
        WITH latest AS (FROM {VOTES} WHERE {where}{only}
            QUALIFY made_at IS NOT DISTINCT FROM
                max(made_at) OVER (PARTITION BY account, annotator))
        SELECT account, annotator, any_value({word}) AS answer FROM latest
        GROUP BY account, annotator HAVING count(DISTINCT {word}) = 1 ORDER BY account, annotator"""
    )
    return Votes.of(table, order)


def _is_scale(store: Store, order: Sequence[str]) -> bool:
    row = store.connection.execute(
        f"SELECT bool_and(code IS NOT NULL AND code IN (SELECT unnest(?::VARCHAR[]))) FROM {VOTES}",
        [list(order)],
    ).fetchone()
    return bool(row and row[0])


def _given(store: Store, where: str) -> int:
    row = store.connection.execute(f"SELECT count(*) FROM {VOTES} WHERE {where}").fetchone()
    return int(row[0]) if row else 0


def _figures(votes: Votes, seed: int) -> dict[str, Any]:
    counts = votes.counts()
    measures = agreement.measure(counts, seed=seed)
    return {
        "accounts": votes.accounts,
        "paired": int((counts.sum(axis=1) >= 2).sum()),
        "annotators": len(set(votes.annotator.tolist())),
        "counted": len(votes.account),
        "unanimous": agreement.none_if_nan(measures["unanimous"].value),
        **{name: measures[name].document() for name in NUMBERS},
        "alpha": {name: measures[name].document() for name in ("nominal", "ordinal")},
    }


def _people(whole: Votes, judging: Votes, seed: int) -> dict[str, Any]:
    """How the figures depend on who answered: people resampled, or each left out once where they
    are few.
    """
    sets = {"": whole, "_without_cannot_tell": judging}
    if len(whole.annotators) >= agreement.FEW_PEOPLE:
        of = {"": agreement.resample_people(whole, seed=seed)}
        of["_without_cannot_tell"] = (
            of[""] if judging is whole else agreement.resample_people(judging, seed=seed)
        )
        alpha = {
            f"{n}{tail}": v.document() for tail, figures in of.items() for n, v in figures.items()
        }
        return {"method": "accounts and annotators resampled", "repeats": 500, "alpha": alpha}
    left = {tail: agreement.leave_one_out(votes) for tail, votes in sets.items()}
    names = [(f"{n}{tail}", tail, n) for tail in sets for n in ("nominal", "ordinal")]
    without: list[dict[str, Any]] = [
        {
            "annotator": person,
            **{
                key: agreement.none_if_nan(left[tail][person][n])
                for key, tail, n in names
                if person in left[tail]
            },
        }
        for person in whole.annotators
    ]
    ranges = {}
    for key, _, _ in names:
        values = [float(w[key]) for w in without if w.get(key) is not None]
        ranges[key] = {"low": min(values, default=None), "high": max(values, default=None)}
    return {"method": "each annotator left out once", "alpha": ranges, "without": without}


def _by(store: Store, group: str, order: Sequence[str], seed: int) -> list[dict[str, Any]]:
    names = [
        r[0]
        for r in store.connection.execute(
            f'SELECT DISTINCT "{group}" FROM {VOTES} ORDER BY 1'
        ).fetchall()
    ]
    figures_by_group = []
    for name in names:
        where = f'"{group}" = {literal(name)}'
        figures = _figures(_votes(store, order, judging=False, where=where), seed)
        alpha = _figures(_votes(store, order, judging=True, where=where), seed)["alpha"]
        figures["alpha"]["nominal_without_cannot_tell"] = alpha["nominal"]
        figures_by_group.append({group: name, **figures})
    return figures_by_group
