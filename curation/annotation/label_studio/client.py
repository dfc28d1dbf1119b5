"""Label Studio's API through its SDK, as far as it is needed: projects, tasks, answers.

No method reads the card of a task that nobody has annotated, so the cost of listing tasks does not
depend on the length of the cards.
"""

from __future__ import annotations

import functools
import itertools
import json
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from botbench.core.errors import ResourceFailure, UserError
from botbench.terminal.redaction import remember
from curation.annotation.label_studio.cursors import utc_text
from curation.annotation.label_studio.project_marks import read_mark, write_mark

if TYPE_CHECKING:
    import httpx
    from label_studio_sdk import LabelStudio
    from label_studio_sdk.core.api_error import ApiError

T = TypeVar("T")

PAGE_SIZE = 1_000
"""Tasks on a page."""
IDS_PER_REQUEST = 200
"""Ids named in one address, and projects on a page."""
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10, 300


class Client:
    """One server and one token: a legacy token, or a personal access token, which the SDK
    exchanges for short-lived ones.

    Raises UserError with a sentence if the server cannot be reached, refuses the token, or
    answers with an error.
    """

    def __init__(self, url: str, token: str) -> None:
        try:
            import httpx
            import label_studio_sdk  # noqa: F401
        except ModuleNotFoundError:
            raise UserError(
                "This command needs label-studio-sdk, which is not installed here. It cannot be"
                " installed on Python 3.14 or newer yet: use Python 3.11, 3.12 or 3.13."
            ) from None
        self.url = server_name(url)
        self.token = token.strip()
        if not self.token:
            raise UserError(
                "There is no Label Studio token: give one by --token or LABEL_STUDIO_API_KEY."
                " Without a server of your team, `botbench annotate serve BATCH` starts one here."
            )
        remember(self.token)
        self._sdk: LabelStudio | None = None
        self._last_request = ""
        self.http = httpx.Client(
            # No proxy before a server on this machine, and no .netrc in place of the token.
            trust_env=False,
            timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            follow_redirects=True,
            event_hooks={"request": [self._remember], "response": [_acknowledge]},
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def check_token(self) -> None:
        """Raise UserError if the server refuses the token."""
        self._ask(lambda sdk: sdk.users.whoami())

    # -- projects

    def projects(self) -> list[dict[str, Any]]:
        """Every project that `push` made here, by id: id, title, description and task_number, and
        our own mark (batch, part, scheme, mark) under `botbench`.
        """
        fields = ("id", "title", "description", "task_number")
        return sorted(
            (
                {**{name: getattr(project, name) for name in fields}, "botbench": mark}
                for project in self._list_projects(include=",".join(fields))
                if (mark := read_mark(project.description))
            ),
            key=lambda project: int(project["id"]),
        )

    def create_project(
        self, title: str, config: str, instructions: str, mark: dict[str, str]
    ) -> dict[str, Any]:
        """Make a project; `mark` is kept in its description, by which it is found again."""
        project = self._ask(
            lambda sdk: sdk.projects.create(
                title=title[:50],
                description=write_mark(mark),
                label_config=config,
                expert_instruction=instructions,
                show_instruction=False,
                sampling="Sequential sampling",
                maximum_annotations=1,
                enable_empty_annotation=False,
                show_skip_button=True,
                show_collab_predictions=False,
            )
        )
        return {"id": project.id, "title": project.title, "botbench": mark}

    def delete_project(self, project: int) -> None:
        """Delete a project with all that is in it."""
        self._ask(lambda sdk: sdk.projects.delete(project))

    def hide_card_column(self, project: int) -> None:
        """Give the project a view without the cards: its task list would load every card."""
        hidden = {"explore": ["tasks:data.card"], "labeling": ["tasks:data.card"]}
        view = {"title": "Accounts", "type": "list", "target": "tasks", "hiddenColumns": hidden}
        self._ask(lambda sdk: sdk.views.create(project=project, data=view))

    def configs(self, projects: Sequence[int]) -> dict[int, str]:
        """The label configuration of each of these projects, as it is now: 14 kB for each."""
        return {
            project.id: project.label_config
            for ids in _slices(projects)
            for project in self._list_projects(
                ids=",".join(map(str, ids)), include="id,label_config"
            )
        }

    def restore_config(self, project: int, config: str, mark: dict[str, str]) -> None:
        """Give a project our label configuration again, and the mark that goes with it."""
        self._ask(
            lambda sdk: sdk.projects.update(
                project, label_config=config, description=write_mark(mark)
            )
        )

    def rename_project(self, project: int, title: str, mark: dict[str, str]) -> None:
        """Give a project another title and mark."""
        self._ask(
            lambda sdk: sdk.projects.update(project, title=title[:50], description=write_mark(mark))
        )

    # -- tasks

    def task_keys(self, project: int) -> list[tuple[int, str | None]]:
        """(task id, account key) of every task, without reading the cards."""
        tasks = self._list_tasks(project, fields="task_only", include="id,meta")
        return [(task.id, (task.meta or {}).get("account_key")) for task in tasks]

    def task_count(self, project: int) -> int:
        """How many tasks the project has now."""
        return int(self._one_task(project, include="id").total)

    def is_answered(self, task: int) -> bool:
        """Whether a task has an annotation or a skip."""
        return bool(self._ask(lambda sdk: sdk.tasks.get(str(task))).annotations)

    def import_tasks(self, project: int, tasks: list[dict[str, Any]]) -> int:
        """Make tasks in one request, all or none; returns how many. The server does not dedupe."""
        answer = self._ask(lambda sdk: sdk.projects.import_tasks(project, request=tasks))
        return int(answer.task_count)

    def delete_task(self, task: int) -> None:
        """Delete one task."""
        self._ask(lambda sdk: sdk.tasks.delete(str(task)))

    def delete_tasks(self, project: int, tasks: list[int]) -> None:
        """Delete some tasks in one request."""
        selected = {"all": False, "included": tasks}
        self._ask(
            lambda sdk: sdk.actions.create(
                id="delete_tasks", project=project, selected_items=selected
            )
        )

    def unanswered(self, project: int) -> dict[str, int]:
        """Account key to task of every task that has neither an annotation nor a skip; the cards
        are not read.
        """
        tasks = self._list_tasks(project, fields="all", include="id,meta,annotations")
        return {
            task.meta["account_key"]: task.id
            for task in tasks
            if not task.annotations and task.meta
        }

    # -- answers

    def annotated(self, project: int, tasks: list[int] | None = None) -> list[dict[str, Any]]:
        """The tasks (of those named, else all) that have annotations or skips, with them; the cost
        is in proportion to these.
        """
        if tasks is None:
            return self._export(project)
        return [task for ids in _slices(tasks) for task in self._export(project, ids)]

    def newest_change(self, project: int) -> str | None:
        """When a task of the project, or an annotation of one, last changed, came or went; None
        without tasks.
        """
        newest_first = {"ordering": ["-tasks:updated_at"]}
        page = self._one_task(project, include="id,updated_at", query=json.dumps(newest_first))
        return utc_text(page.tasks[0].updated_at) if page.tasks else None

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
            "filters": {"conjunction": "and", "items": [after]},
            "ordering": ["tasks:updated_at"],
        }
        tasks = self._list_tasks(
            project, fields="all", include="id,updated_at,annotations", query=json.dumps(query)
        )
        return [
            {"id": t.id, "updated_at": utc_text(t.updated_at), "annotations": t.annotations or []}
            for t in tasks
        ]

    def emails(self) -> dict[int, str]:
        """User id to e-mail, from which pseudonyms are made; never stored."""
        return {user.id: user.email for user in self._ask(lambda sdk: sdk.users.list())}

    def invitation(self) -> str:
        """The path of the page by which somebody signs up."""
        # An own HTTP call: the SDK has no method that reads the invitation, only one that makes a
        # new one and so ends the one that people were sent (`organizations.reset_token`).
        return str(self._ask(lambda sdk: _get(sdk, "api/invite"))["invite_url"])

    # -- requests

    def _list_projects(self, **query: Any) -> list[Any]:
        return self._pages(
            lambda sdk, page: sdk.projects.list(page=page, page_size=IDS_PER_REQUEST, **query),
            lambda answer: (answer.results, answer.count),
        )

    def _list_tasks(self, project: int, **query: Any) -> list[Any]:
        return self._pages(
            lambda sdk, page: sdk.tasks.list(
                project=project, page=page, page_size=PAGE_SIZE, **query
            ),
            lambda answer: (answer.tasks, answer.total),
        )

    def _one_task(self, project: int, **query: Any) -> Any:
        """The first page of a project's tasks, of one task, with their total."""
        return self._ask(
            lambda sdk: sdk.tasks.list(project=project, fields="task_only", page_size=1, **query)
        ).response

    def _pages(
        self,
        fetch: Callable[..., Any],
        rows_and_total: Callable[[Any], tuple[list[Any], int]],
    ) -> list[Any]:
        """The rows of all pages. The SDK's own pager asks for one page more than there are, and
        takes a project that is deleted meanwhile for the end of the list.
        """
        rows: list[Any] = []
        for page in itertools.count(1):
            answer = self._ask(functools.partial(fetch, page=page)).response
            page_rows, total = rows_and_total(answer)
            rows += page_rows
            if not page_rows or len(rows) >= total:
                break
        return rows

    def _export(self, project: int, tasks: Sequence[int] = ()) -> list[dict[str, Any]]:
        # The server reads the ids from `ids[]`; the SDK's `ids` is ignored there.
        options = {"additional_query_parameters": {"ids[]": list(tasks)}} if tasks else None
        body = self._ask(
            lambda sdk: b"".join(
                sdk.projects.exports.download_sync(
                    project, export_type="JSON", request_options=options
                )
            )
        )
        tasks_with_annotations: list[dict[str, Any]] = json.loads(body)
        return tasks_with_annotations

    def _ask(self, call: Callable[[LabelStudio], T], renew: bool = True) -> T:
        """The result of a call of the SDK; its errors become sentences. Where the token is refused,
        the call is repeated once with a new short-lived token: by the server's clock the old one
        may have run out.
        """
        import httpx
        from label_studio_sdk.core.api_error import ApiError

        try:
            self._sdk = self._sdk or self._connect()
            return call(self._sdk)
        except ApiError as error:
            if error.status_code == 401 and self._sdk and renew:
                self._sdk = None
                return self._ask(call, renew=False)
            broken = (error.status_code or 0) >= 500
            raise (ResourceFailure if broken else UserError)(self._refusal(error)) from None
        except httpx.TimeoutException:
            raise ResourceFailure(
                f"Label Studio at {self.url} did not answer in time; what was sent may still be"
                " done there. Run the same command again: it looks first at what is there."
            ) from None
        except httpx.HTTPError as error:
            raise ResourceFailure(
                f"Label Studio at {self.url} cannot be reached ({type(error).__name__}). Is it"
                " running, and is the URL right (--url or LABEL_STUDIO_URL)?"
            ) from None
        except ValueError:
            raise UserError(
                f"The server at {self.url} answered {self._last_request} with something that is not"
                " Label Studio's. Is the URL right (--url or LABEL_STUDIO_URL)?"
            ) from None

    def _connect(self) -> LabelStudio:
        from label_studio_sdk import LabelStudio

        # The SDK would repeat requests after errors of the server, imports too: the server does not
        # dedupe, and goes on with a request that failed for the client. The slash lets the SDK find
        # the token's address if the server is not at the root of its host.
        return LabelStudio(
            base_url=f"{self.url}/", api_key=self.token, httpx_client=self.http, max_retries=0
        )

    def _remember(self, request: httpx.Request) -> None:
        path = request.url.path.removeprefix(urlsplit(self.url).path).strip("/")
        self._last_request = f"{request.method} {path}"

    def _refusal(self, error: ApiError) -> str:
        """The sentence for a server's error, without its headers: they hold a session cookie."""
        if error.status_code in (401, 403):
            return (
                f"Label Studio at {self.url} refuses the token (HTTP {error.status_code}). Give a"
                " current one by --token or LABEL_STUDIO_API_KEY: it stands under Account &"
                " Settings."
            )
        body = error.body
        if not isinstance(body, str):
            body = json.dumps(body, default=str, ensure_ascii=False)
        return (
            f"Label Studio at {self.url} answered {self._last_request} with HTTP"
            f" {error.status_code}: {body[:300]!r}."
        )


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


def _get(sdk: LabelStudio, path: str) -> Any:
    """A GET that the SDK has no method for, with the SDK's own authorisation and errors."""
    from label_studio_sdk.core.api_error import ApiError

    answer = sdk._client_wrapper.httpx_client.request(path, method="GET")
    if answer.status_code >= 400:
        raise ApiError(status_code=answer.status_code, body=answer.text)
    return answer.json()


def _slices(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[i : i + IDS_PER_REQUEST] for i in range(0, len(ids), IDS_PER_REQUEST))


def _acknowledge(answer: httpx.Response) -> None:
    """Acknowledge an answer's head at once: Label Studio's server waits for it with the body."""
    # Linux else acknowledges after 40 ms on a connection that stays open.
    stream = answer.extensions.get("network_stream")
    if sys.platform == "linux" and stream and (sock := stream.get_extra_info("socket")):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
