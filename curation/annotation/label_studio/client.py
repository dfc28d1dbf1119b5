"""Label Studio's API, as far as it is needed: projects, tasks, the annotated-only export.

A task that nobody has annotated is never read with its card: listing keys stays light however long
the cards are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from botbench.core.errors import UserError

PAGE, SOME = 1_000, 200
"""Rows on a page, and tasks named in one address."""
TIMEOUT = (10, 300)
"""Seconds to connect and to wait for an answer."""
MARK = "botbench: made by `botbench annotate push`; please leave this line as it is. "


class Client:
    """One server, one token (a legacy token, or a personal access token, which is exchanged for
    short-lived ones).

    Raises UserError with a sentence where the server cannot be reached, refuses the token, or
    answers with an error.
    """

    def __init__(self, url: str, token: str) -> None:
        import requests

        self.url = server_name(url)
        self.token = token.strip()
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy between us and a server on this machine, no .netrc in place of the token
        self._login()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    # -- projects

    def projects(self) -> list[dict[str, Any]]:
        """Every project that `push` made here: Label Studio's fields, and ours (batch, part,
        scheme, mark) under `botbench`.
        """
        found = []
        query = {"page_size": 100, "include": "id,title,description,task_number"}
        for page in self._pages("api/projects", query, "results"):
            found += [
                {**p, "botbench": mark} for p in page if (mark := read_mark(p.get("description")))
            ]
        return sorted(found, key=lambda p: p["id"])

    def create_project(
        self, title: str, config: str, instructions: str, mark: dict[str, str]
    ) -> dict[str, Any]:
        """Make a project; `mark` is kept in its description, by which it is found again."""
        made = self.call(
            "POST",
            "api/projects",
            json={
                "title": title[:50],
                "description": write_mark(mark),
                "label_config": config,
                "expert_instruction": instructions,
                "show_instruction": True,
                "sampling": "Sequential sampling",
                "maximum_annotations": 1,
                "enable_empty_annotation": False,
                "show_skip_button": True,
                "show_collab_predictions": False,
            },
        )
        return {**made, "botbench": mark}

    def delete_project(self, project: int) -> None:
        """Delete a project with all that is in it."""
        self.call("DELETE", f"api/projects/{project}")

    def hide_card_column(self, project: int) -> None:
        """The task list would load every card: give the project a view without that column."""
        hidden = {"explore": ["tasks:data.card"], "labeling": ["tasks:data.card"]}
        self.call(
            "POST",
            f"api/dm/views?project={project}",
            json={
                "project": project,
                "data": {
                    "title": "Accounts",
                    "type": "list",
                    "target": "tasks",
                    "hiddenColumns": hidden,
                },
            },
        )

    def configs(self, projects: Sequence[int]) -> dict[int, str]:
        """The label configuration of each of these projects, as it is now: 14 kB for each."""
        some = [projects[i : i + SOME] for i in range(0, len(projects), SOME)]
        queries = [
            {"ids": ",".join(map(str, ids)), "include": "id,label_config", "page_size": SOME}
            for ids in some
        ]
        return {
            p["id"]: p["label_config"]
            for q in queries
            for page in self._pages("api/projects", q, "results")
            for p in page
        }

    def restore_config(self, project: int, config: str, mark: dict[str, str]) -> None:
        """Give a project our label configuration again, and the mark that goes with it."""
        self.call(
            "PATCH",
            f"api/projects/{project}",
            json={"label_config": config, "description": write_mark(mark)},
        )

    # -- tasks

    def task_keys(self, project: int) -> list[tuple[int, str | None]]:
        """(task id, account key) of every task, without reading the cards."""
        query = {"project": project, "fields": "task_only", "include": "id,meta", "page_size": PAGE}
        pages = self._pages("api/tasks", query, "tasks")
        return [(t["id"], (t.get("meta") or {}).get("account_key")) for page in pages for t in page]

    def task_count(self, project: int) -> int:
        """How many tasks the project has now."""
        query = {"project": project, "fields": "task_only", "include": "id", "page_size": 1}
        return int(self.call("GET", "api/tasks", params=query)["total"])

    def is_answered(self, task: int) -> bool:
        """Whether a task has an annotation or a skip."""
        return bool(self.call("GET", f"api/tasks/{task}")["annotations"])

    def import_tasks(self, project: int, tasks: list[dict[str, Any]]) -> int:
        """Make tasks in one request, all or none; returns how many. The server does not dedupe."""
        made = self.call("POST", f"api/projects/{project}/import", json=tasks)
        return int(made["task_count"])

    def delete_task(self, task: int) -> None:
        """Delete one task."""
        self.call("DELETE", f"api/tasks/{task}")

    def unanswered(self, project: int) -> dict[str, int]:
        """Account key to task of every task that has neither an annotation nor a skip; the cards
        are not read.
        """
        query = {
            "project": project,
            "fields": "all",
            "include": "id,meta,annotations",
            "page_size": PAGE,
        }
        tasks = [t for page in self._pages("api/tasks", query, "tasks") for t in page]
        return {
            t["meta"]["account_key"]: t["id"]
            for t in tasks
            if not t["annotations"] and t.get("meta")
        }

    def delete_tasks(self, project: int, tasks: list[int]) -> None:
        """Delete some tasks in one request."""
        self.call(
            "POST",
            f"api/dm/actions?id=delete_tasks&project={project}",
            json={
                "selectedItems": {"all": False, "included": tasks},
                "filters": None,
                "ordering": [],
            },
        )

    def rename_project(self, project: int, title: str, mark: dict[str, str]) -> None:
        """Give a project another title and mark."""
        self.call(
            "PATCH",
            f"api/projects/{project}",
            json={"title": title[:50], "description": write_mark(mark)},
        )

    # -- answers

    def annotated(self, project: int, tasks: list[int] | None = None) -> list[dict[str, Any]]:
        """The tasks (of those named, else all) that have annotations or skips, with them; the cost
        is in proportion to these.
        """
        address = f"api/projects/{project}/export"
        if tasks is None:
            return list(self.call("GET", address, params={"exportType": "JSON"}))
        some = [tasks[i : i + SOME] for i in range(0, len(tasks), SOME)]
        return [
            t
            for ids in some
            for t in self.call("GET", address, params={"exportType": "JSON", "ids[]": ids})
        ]

    def newest_change(self, project: int) -> str | None:
        """When a task of the project, or an annotation of one, last changed, came or went; None
        without tasks.
        """
        query = {
            "project": project,
            "fields": "task_only",
            "include": "id,updated_at",
            "page_size": 1,
            "query": json.dumps({"ordering": ["-tasks:updated_at"]}),
        }
        found = self.call("GET", "api/tasks", params=query)["tasks"]
        return found[0]["updated_at"] if found else None

    def changed(self, project: int, since: str) -> list[dict[str, Any]]:
        """The tasks that changed after a time (an annotation that is made, edited, skipped or
        deleted changes its task): id, updated_at, and the annotations' ids; neither cards nor
        answers are read."""
        after = {
            "filter": "filter:tasks:updated_at",
            "operator": "greater",
            "type": "Datetime",
            "value": since,
        }
        query = {
            "project": project,
            "fields": "all",
            "include": "id,updated_at,annotations",
            "page_size": PAGE,
            "query": json.dumps(
                {
                    "filters": {"conjunction": "and", "items": [after]},
                    "ordering": ["tasks:updated_at"],
                }
            ),
        }
        return [t for page in self._pages("api/tasks", query, "tasks") for t in page]

    def emails(self) -> dict[int, str]:
        """User id to e-mail, from which pseudonyms are made; never stored."""
        return {u["id"]: u["email"] for u in self.call("GET", "api/users")}

    def invitation(self) -> str:
        """The path of the page by which somebody signs up."""
        return str(self.call("GET", "api/invite")["invite_url"])

    # -- the wire

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One request; returns the parsed answer (None for an empty one). A short-lived token that
        ran out is renewed once.
        """
        answer = self._request(method, path, **options)
        if answer.status_code == 401 and self._personal:
            self._renew()
            answer = self._request(method, path, **options)
        if answer.status_code >= 400:
            raise UserError(self._refusal(method, path, answer))
        return answer.json() if answer.content else None

    def _pages(
        self, path: str, query: dict[str, Any], field: str
    ) -> Iterator[list[dict[str, Any]]]:
        """Page after page; the page after the last one answers 404."""
        page = 1
        while True:
            answer = self.call("GET", path, params={**query, "page": page})
            rows = answer[field]
            yield rows
            total = answer.get("total", answer.get("count", 0))
            if not rows or page * query["page_size"] >= total:
                return
            page += 1

    def _request(self, method: str, path: str, **options: Any) -> Any:
        import requests

        try:
            return self._http.request(method, f"{self.url}/{path}", timeout=TIMEOUT, **options)
        except requests.Timeout:
            raise UserError(
                f"Label Studio at {self.url} did not answer in time; what was sent may still be"
                " done there. Run the same command again: it looks first at what is there."
            ) from None
        except requests.RequestException as error:
            raise UserError(
                f"Label Studio at {self.url} cannot be reached ({type(error).__name__}). Is it"
                " running, and is the URL right (--url or LABEL_STUDIO_URL)?"
            ) from None

    def _refusal(self, method: str, path: str, answer: Any) -> str:
        if answer.status_code in (401, 403):
            return (
                f"Label Studio at {self.url} refuses the token (HTTP {answer.status_code}). Give a"
                " current one by --token or LABEL_STUDIO_API_KEY: it stands under Account &"
                " Settings."
            )
        what = f"{method} {path.partition('?')[0]}"
        return (
            f"Label Studio at {self.url} answered {what} with HTTP {answer.status_code}:"
            f" {answer.text[:300]!r}."
        )

    def _login(self) -> None:
        if not self.token:
            raise UserError(
                "There is no Label Studio token: give one by --token or LABEL_STUDIO_API_KEY."
            )
        self._personal = _is_personal(self.token)
        if self._personal:
            self._renew()
        else:
            self._http.headers["Authorization"] = f"Token {self.token}"

    def _renew(self) -> None:
        self._http.headers.pop("Authorization", None)
        answer = self._request("POST", "api/token/refresh", json={"refresh": self.token})
        if answer.status_code >= 400:
            raise UserError(self._refusal("POST", "api/token/refresh", answer))
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access']}"


def server_name(url: str) -> str:
    """A server's URL without a trailing slash, one spelling for loopback; raises UserError for
    anything that is no http(s) URL.

    >>> server_name("http://localhost:8080/")
    'http://127.0.0.1:8080'
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(
            f"{url!r} is no URL of a Label Studio server; expected one such as"
            " http://127.0.0.1:8080 (--url or LABEL_STUDIO_URL)."
        )
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def write_mark(mark: dict[str, str]) -> str:
    """A project's description, which says which batch and part it is."""
    return MARK + json.dumps(mark, sort_keys=True)


def read_mark(description: str | None) -> dict[str, str] | None:
    """What `write_mark` wrote, or None for a project that is not ours.

    >>> read_mark(write_mark({"batch": "b1", "part": "copy 1", "scheme": "1", "mark": "x"}))["part"]
    'copy 1'
    """
    _, found, rest = (description or "").partition(MARK)
    if not found:
        return None
    try:
        mark, _ = json.JSONDecoder().raw_decode(rest)
    except ValueError:
        return None
    return (
        mark
        if isinstance(mark, dict) and {"batch", "part", "scheme", "mark"} <= set(mark)
        else None
    )


def _is_personal(token: str) -> bool:
    """Whether the token is a JSON Web Token (a personal access token)."""
    parts = token.split(".")
    if len(parts) != 3:
        return False
    try:
        return "alg" in json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except ValueError:
        return False
