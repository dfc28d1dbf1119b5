"""What people and machines do to a server behind our back, said in sentences: nothing of it loses
or doubles an answer.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from curation.annotation.assignment import seats
from curation.annotation.assignment.batches import find
from curation.annotation.label_studio.labelling_config import config_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from curation.annotation.label_studio.client import Client
    from curation.store.store import Store


def found(store: Store, projects: list[dict[str, Any]], seen: pa.Table) -> list[str]:
    """Tasks that went away, projects that stand there twice, answers after the batch closed."""
    return [*_doubled(projects), *_tasks_gone(store, projects), *_late(projects, seen)]


def edited(client: Client, projects: Sequence[dict[str, Any]]) -> list[str]:
    """Projects whose labelling page is not as `push` made it. (Those pushed before the hash was
    kept are not judged.)
    """
    known = {p["id"]: p["botbench"] for p in projects if p["botbench"].get("config")}
    there = client.configs(sorted(known)) if known else {}
    return [
        f"The labelling page of project {n} ({known[n]['part']}) is not as botbench made it: its"
        " label config was edited by hand. Answers that the scheme does not have are refused. To"
        f" put it back: botbench annotate push {known[n]['batch'][:8]} --restore-page"
        for n, xml in there.items()
        if config_hash(xml) != known[n]["config"]
    ]


def _doubled(projects: list[dict[str, Any]]) -> list[str]:
    parts = Counter((p["botbench"]["batch"], p["botbench"]["part"]) for p in projects)
    return [
        f"The part {part} of batch {batch[:8]} has {n} projects (copied by hand?): answers of all"
        " of them count; push fills only the oldest."
        for (batch, part), n in parts.items()
        if n > 1
    ]


def _tasks_gone(store: Store, projects: list[dict[str, Any]]) -> list[str]:
    told = []
    for project in projects:
        asked = seats.expected(
            store, find(store, project["botbench"]["batch"]), project["botbench"]["part"]
        )
        there = project.get("task_number")
        if asked and there is not None and there < asked:
            told.append(
                f"Project {project['id']} ({project['botbench']['part']}) has {there} of {asked}"
                " accounts: tasks were deleted there, or a push was broken off. Answers that were"
                " synced stand; push again for the rest."
            )
    return told


def _late(projects: list[dict[str, Any]], seen: pa.Table) -> list[str]:
    closed = {p["botbench"]["mark"]: p["id"] for p in projects if p["botbench"].get("archived")}
    late = Counter(mark for mark in seen["project"].to_pylist() if mark in closed)
    return [
        f"{n} answers in project {closed[mark]} were read after the batch was closed; they count"
        " like any other."
        for mark, n in late.items()
    ]
