"""Make the releases that a suite names and a store lacks: pull, settle, validate, release."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botbench.core.errors import Findings, UserError
from curation.ingest import cards
from curation.ingest.reading.files import locate

if TYPE_CHECKING:
    from curation.ingest.card_model import Card
    from curation.store.store import Store

Tell = Callable[[str, int, int], None]
"""Progress: what is being done, how much of it is done, of how much."""


@dataclass(frozen=True)
class Prepared:
    """What became of one release: `reference` where it is there, else `why` it is not.

    `made` says that it was made now, `source` where its files came from.
    """

    name: str
    reference: str | None = None
    made: bool = False
    source: str = ""
    why: str = ""


def prepare(
    store: Store, names: Sequence[str], folder: Path, tell: Tell = lambda *_: None
) -> Iterator[Prepared]:
    """Make each missing release of `names` from the card of the same name, one after the other.

    Its files are looked for in `folder`/NAME, in `folder` and in the folders in it; what is not
    there is downloaded if the card says from where. What cannot be made is yielded with the reason
    and stops nothing. Raises UserError if `folder` is no folder.
    """
    from curation.release import release

    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise UserError(f"{folder} {what}; --prepare wants a folder of data sets' files.")
    for name in dict.fromkeys(names):
        try:
            there = release.load(store.home, name)
        except UserError as error:
            yield _made(store, name, folder, tell, str(error))
        else:
            yield Prepared(name, there.reference)


def _made(store: Store, name: str, folder: Path, tell: Tell, missing: str) -> Prepared:
    dataset, _, version = name.partition("@")
    if dataset not in {f.name for f in cards.folders()}:
        return Prepared(name, why=f"{missing} No card has that name, so nothing can be pulled.")
    if version not in ("", "1"):
        return Prepared(name, why=f"{missing} Only its own maker has that version.")
    card = cards.load(dataset)
    try:
        source = _place(card, folder)
        reference = _release(store, card, source, tell)
    # A data set that cannot be had leaves the others to be made.
    except (UserError, Findings) as error:
        return Prepared(name, why=str(error))
    return Prepared(name, reference, made=True, source=str(source) if source else "downloaded")


def _place(card: Card, folder: Path) -> Path | None:
    """The folder that holds all of a card's files; None where they are downloaded or made."""
    places = [folder / card.id, folder, *sorted(p for p in folder.iterdir() if p.is_dir())]
    for place in places if card.sources else []:
        try:
            locate(card, place)
        except UserError:
            continue
        return place
    local = [s.file for s in card.sources if not s.url]
    if local:
        raise UserError(
            f"{', '.join(local)} of {card.id} cannot be downloaded, and neither {folder} nor a"
            f" folder in it holds them. Put them into {folder / card.id} (botbench datasets show"
            f" {card.id} says what they are)."
        )
    return None


def _release(store: Store, card: Card, source: Path | None, tell: Tell) -> str:
    from curation.annotation.scheme.scheme import Scheme
    from curation.ingest.pull import pull
    from curation.labels.consensus import consensus
    from curation.release.release import freeze

    pull(store, card, source, tell)
    tell(f"{card.id}: consensus", 0, 1)
    consensus(store, card.id, Scheme.load())
    tell(f"{card.id}: validation and release", 0, 1)
    return freeze(store, card.id, card.id).reference
