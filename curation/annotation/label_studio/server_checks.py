"""Sentences on what people and machines changed on a server: none of it loses or doubles an
answer.
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


def irregularities(store: Store, projects: list[dict[str, Any]], seen: pa.Table) -> list[str]:
    """Projects that stand there twice, tasks that were deleted, answers after the batch closed."""
    return [
        *_projects_twice(projects),
        *_tasks_deleted(store, projects),
        *_late_answers(projects, seen),
    ]


def edited_pages(client: Client, projects: Sequence[dict[str, Any]]) -> list[str]:
    """Projects whose labelling page is not as `push` made it. Those pushed before the hash was kept
    are not checked.
    """
    marks = {p["id"]: p["botbench"] for p in projects if p["botbench"].get("config")}
    configs = client.configs(sorted(marks)) if marks else {}
    return [
        f"The labelling page of project {n} ({marks[n]['part']}) is not as botbench made it: its"
        " label config was edited by hand. Answers that the scheme does not have are refused. To"
        f" put it back: botbench annotate push {marks[n]['batch'][:8]} --restore-page"
        for n, xml in configs.items()
        if config_hash(xml) != marks[n]["config"]
    ]


def _projects_twice(projects: list[dict[str, Any]]) -> list[str]:
    parts = Counter((p["botbench"]["batch"], p["botbench"]["part"]) for p in projects)
    return [
        f"The part {part} of batch {batch[:8]} has {n} projects (copied by hand?): answers of all"
        " of them count; push fills only the oldest."
        for (batch, part), n in parts.items()
        if n > 1
    ]


def _tasks_deleted(store: Store, projects: list[dict[str, Any]]) -> list[str]:
    notes = []
    for project in projects:
        asked = seats.expected(
            store, find(store, project["botbench"]["batch"]), project["botbench"]["part"]
        )
        tasks = project.get("task_number")
        if asked and tasks is not None and tasks < asked:
            notes.append(
                f"Project {project['id']} ({project['botbench']['part']}) has {tasks} of {asked}"
                " accounts: tasks were deleted there, or a push was broken off. Answers that were"
                " synced stand; push again for the rest."
            )
    return notes


def _late_answers(projects: list[dict[str, Any]], seen: pa.Table) -> list[str]:
    closed = {p["botbench"]["mark"]: p["id"] for p in projects if p["botbench"].get("archived")}
    late = Counter(mark for mark in seen["project"].to_pylist() if mark in closed)
    return [
        f"{n} answers in project {closed[mark]} were read after the batch was closed; they count"
        " like any other."
        for mark, n in late.items()
    ]
