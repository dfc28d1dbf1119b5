"""`botbench submit seal`, `open`, `verify-seal`, `ladder`: labels of a test part kept back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botbench.commands.publish.submit import Json, submit
from botbench.terminal.console import emit, say, table


@submit.command(
    epilog=(
        "Examples: `botbench submit seal rtbust` · `botbench submit seal rtbust@2 --answers 10"
        " --step 0.02`"
    )
)
def seal(
    release: Annotated[
        str, typer.Argument(metavar="RELEASE", help="NAME (the newest version) or NAME@VERSION.")
    ],
    *,
    split: Annotated[
        str | None,
        typer.Option(
            help="The split: official where there is one, else blind(seed=0), drawn without labels."
        ),
    ] = None,
    part: Annotated[str, typer.Option(help="The part whose labels are kept back.")] = "test",
    answers: Annotated[
        int, typer.Option(min=1, help="Scores that one submission's name may be told.")
    ] = 20,
    step: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="By how much a score must rise to be told.")
    ] = 0.01,
    json_: Json = False,
) -> None:
    """Keep the labels of one part back: what goes out is in public/, with a commitment to the
    labels that stay.
    """
    from benchmarks.submissions import sealed
    from curation.release import splits
    from curation.release.release import load
    from curation.store.store import Store

    with Store(create=False) as store:
        frozen = load(store.home, release, verify=True)
        there = [s if isinstance(s, str) else s["split_id"] for s in frozen.info.get("splits", ())]
        chosen = split or ("official" if "official" in there else splits.blind_id(0))
        public = sealed.seal(
            store.home, frozen, split=chosen, part=part, answers=answers, step=step
        )
        place = sealed.folder(store.home, frozen.reference) / "public"
    if json_:
        emit({**public, "path": str(place)})
    if public["content_hash"] == frozen.content_hash:
        say(
            f"This seal of {frozen.reference} is of version 0.1: its public hashes are not salted,"
            " and tell the labels to who computes them. Make a release with other accounts in the"
            " sealed part, and seal that."
        )
    if public["split_id"] != "official":
        say(
            "This release has no official split: submissions can be scored, but none can stand on a"
            " board beside ours."
        )
    say(
        f"{public['accounts']:,} labels of {public['release']} are sealed. Publish {place}; keep"
        " what is beside it."
    )


@submit.command("open", epilog="Example: `botbench submit open rtbust --out opened`")
def open_(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The sealed release.")],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where salt and labels are written.")],
    json_: Json = False,
) -> None:
    """Open a seal: write the labels and the salt, by which everybody can check that no label was
    changed. From then on publish and leaderboard take the release again.
    """
    from benchmarks.submissions import sealed
    from curation.release.release import load
    from curation.store.store import Store

    with Store(create=False) as store:
        path = sealed.open_seal(store.home, load(store.home, release).reference, out)
    if json_:
        emit({"path": str(path)})
    say(
        f"{path} holds the labels and the salt. Anybody checks them: botbench submit verify-seal"
        f" PUBLIC_DIR {path}"
    )


@submit.command("verify-seal", epilog="Example: `botbench submit verify-seal rtbust-1 opened`")
def verify_seal(
    public: Annotated[
        Path, typer.Argument(metavar="PUBLIC_DIR", help="The sealed release as it was published.")
    ],
    opened: Annotated[Path, typer.Argument(metavar="OPENED_DIR", help="What was opened later.")],
    json_: Json = False,
) -> None:
    """Whether opened labels are those that the commitment was made for. Exit code 1 where they are
    not.
    """
    from benchmarks.submissions import sealed

    same = sealed.verify(public, opened)
    if json_:
        emit({"ok": same})
    say(
        "The labels are those that the commitment was made for."
        if same
        else "These labels are not those of the commitment."
    )
    raise typer.Exit(0 if same else 1)


@submit.command(
    epilog="Examples: `botbench submit ladder` · `botbench submit ladder --sets 1000 --json`"
)
def ladder(
    sets: Annotated[int, typer.Option(min=10, help="Made-up test sets for each line.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulation.")] = 0,
    json_: Json = False,
) -> None:
    """Simulate how much a careless team gains by asking often, with and without the Ladder
    (simulated test sets).
    """
    import itertools

    from benchmarks.submissions.ladder import simulate

    settings = itertools.product((200, 1000, 4000), (20, 100, 500), (None, 0.01, 0.02))
    rows = [simulate(k, n, step, sets=sets, seed=seed) for n, k, step in settings]
    if json_:
        emit({"simulated": True, "sets": sets, "seed": seed, "rows": [vars(r) for r in rows]})
        return
    table(
        f"Gain over the true balanced accuracy of .5, mean of {sets} simulated test sets",
        ("test accounts", "submissions", "answers", "mean gain", "97.5th percentile"),
        [
            (
                r.accounts,
                r.submissions,
                "in full" if r.step is None else f"Ladder, step {r.step:g}",
                r.gain,
                r.worst,
            )
            for r in rows
        ],
    )
