"""YAML that strangers wrote: one bounded reading, plain values only, every mistake with its line.

A few hundred bytes of nested anchors can stand for gigabytes. So a document's events are counted
before anything is built from them: depth, anchors with all that they stand for, keys and texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from botbench.core.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

TAGS = {f"tag:yaml.org,2002:{n}" for n in ("str", "int", "float", "bool", "null", "seq", "map")}
"""Types that a document may name. `!!set`, `!!binary`, `!!omap` and all others are refused."""
NUMBER = 100
"""The longest number, in characters. Python builds longer ones slowly and cannot print them."""
UNPRINTABLE = re.compile("[\x00\ud800-\udfff]")
WORDS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")


@dataclass(frozen=True)
class Limits:
    """How much one document may hold; `nodes` counts what an alias stands for at every place."""

    size: int = 1_000_000
    depth: int = 50
    nodes: int = 50_000
    keys: int = 10_000
    aliases: int = 1_000
    text: int = 200_000


LIMITS = Limits()


class UnreadableYaml(UserError):
    """A file that is no such document: `problem` says why, `line` counts from 1 (or is None)."""

    def __init__(
        self, what: str, problem: str, line: int | None = None, verdict: str = "is not YAML"
    ) -> None:
        where = f", line {line}" if line is not None else ""
        super().__init__(f"{what}{where} {verdict}: {problem}.")
        self.problem, self.line = problem, line


def read(path: Path, what: str = "", limits: Limits = LIMITS, *, plain: bool = False) -> Any:
    """The document of a file; `what` precedes its path in messages, such as "The card".

    With `plain`, keys are text, and only true, false, null and ~ are more than words (yes and NO
    stay words). Raises UnreadableYaml for a file that cannot be read, is over a limit, repeats a
    key, or names a type that is not plain.
    """
    name = f"{what} {path}".strip()
    try:
        with path.open("rb") as stream:
            content = stream.read(limits.size + 1)
    except OSError as error:
        told = error.strerror or type(error).__name__
        raise UnreadableYaml(name, told, verdict="cannot be read") from None
    if len(content) > limits.size:
        raise UnreadableYaml(name, f"it has more than {limits.size:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"byte {content[error.start]:#04x} at {error.start:,} is not UTF-8 text"
        raise UnreadableYaml(name, problem) from None
    return parse(text, name, limits, plain=plain)


def parse(text: str, what: str, limits: Limits = LIMITS, *, plain: bool = False) -> Any:
    """The document of a text; raises as `read` does.

    >>> parse("a: [1, yes]", "this")
    {'a': [1, True]}
    >>> parse("a: [1, yes]", "this", plain=True)
    {'a': [1, 'yes']}
    """
    import yaml

    loader = _loader(plain)
    try:
        counted = _Counted(what, limits)
        for event in yaml.parse(text, Loader=loader):
            counted.add(event)
        return yaml.load(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it ends in the middle"
        raise UnreadableYaml(what, problem, mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:
        raise UnreadableYaml(what, " ".join(str(error).split())) from None
    except (ValueError, OverflowError) as error:
        # A date such as 2026-02-30, which the loader takes for one.
        raise UnreadableYaml(what, f"a value cannot be read ({error})") from None


@dataclass
class _Counted:
    """What the events of a text have amounted to so far."""

    what: str
    limits: Limits
    total: int = 0
    keys: int = 0
    aliases: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    """What each finished anchor stands for."""
    opened: list[tuple[str | None, int]] = field(default_factory=list)
    """The anchor of each open list or mapping, and the total before it."""
    children: list[int | None] = field(default_factory=lambda: [None])
    """How much each open mapping holds; None for a list."""

    def add(self, event: Any) -> None:
        """Count one event; raises UnreadableYaml where it is over a limit."""
        import yaml

        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self.opened.pop()
            self.children.pop()
            if anchor is not None:
                self.sizes[anchor] = self.total - before
        elif isinstance(event, yaml.NodeEvent):
            if (n := self.children[-1]) is not None:
                self.children[-1] = n + 1
                self.keys += n % 2 == 0
            if isinstance(event, yaml.AliasEvent):
                self._alias(event)
            else:
                self._node(event, isinstance(event, yaml.ScalarEvent))
                if isinstance(event, yaml.CollectionStartEvent):
                    mapping = isinstance(event, yaml.MappingStartEvent)
                    self.children.append(0 if mapping else None)
            self._check(event)

    def _alias(self, event: Any) -> None:
        self.aliases += 1
        if event.anchor not in self.sizes:
            self._refuse(event, f"*{event.anchor} has no finished anchor before it")
        self.total += self.sizes[event.anchor]

    def _node(self, event: Any, scalar: bool) -> None:
        if event.tag is not None and event.tag not in TAGS:
            self._refuse(event, f"the type {event.tag} is not a plain one")
        if not scalar:
            self.opened.append((event.anchor, self.total))
            self.sizes.pop(event.anchor, None)
        else:
            if event.anchor is not None:
                self.sizes[event.anchor] = 1
            if len(event.value) > self.limits.text:
                self._refuse(event, f"a text has more than {self.limits.text:,} characters")
            if found := UNPRINTABLE.search(event.value):
                self._refuse(event, f"a text holds U+{ord(found.group()):04X}")
        self.total += 1

    def _check(self, event: Any) -> None:
        limits = self.limits
        for count, most, problem in (
            (len(self.opened), limits.depth, "it is nested more than {:,} levels deep"),
            (self.total, limits.nodes, "it holds more than {:,} values, with those of its anchors"),
            (self.keys, limits.keys, "it holds more than {:,} keys"),
            (self.aliases, limits.aliases, "it holds more than {:,} aliases"),
        ):
            if count > most:
                self._refuse(event, problem.format(most))

    def _refuse(self, event: Any, problem: str) -> NoReturn:
        raise UnreadableYaml(self.what, problem, event.start_mark.line + 1)


@cache
def _loader(plain: bool) -> Any:
    """A safe loader that refuses a repeated key and a number too long."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen: set[Any] = set()
            for key_node, _ in node.value:
                key = self.key(key_node)
                if key in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key {key!r} is written twice",
                        problem_mark=key_node.start_mark,
                    )
                seen.add(key)
            self.flatten_mapping(node)
            if not plain:
                return dict(super().construct_mapping(node, deep))
            return {self.key(k): self.construct_object(v, deep=deep) for k, v in node.value}

        def key(self, node: Any) -> Any:
            if not isinstance(node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem="a key is a list or a mapping; expected text",
                    problem_mark=node.start_mark,
                )
            if plain and node.tag == WORDS[1]:
                raise yaml.MarkedYAMLError(
                    problem='a key is null, which no value of a file is: write the word as "null",'
                    " and what a blank means as `empty: WORD` beside `codes`",
                    problem_mark=node.start_mark,
                )
            merge = node.tag == "tag:yaml.org,2002:merge"
            return node.value if plain or merge else self.construct_object(node, deep=True)

        def short(self, node: Any) -> Any:
            """A number, if it is not too long to be one."""
            if len(node.value) > NUMBER:
                raise yaml.MarkedYAMLError(
                    problem=f"a number has more than {NUMBER} digits", problem_mark=node.start_mark
                )
            made = (
                self.construct_yaml_int
                if node.tag.endswith(":int")
                else (self.construct_yaml_float)
            )
            return made(node)

    for kind in ("int", "float"):
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", Loader.short)
    if plain:
        Loader.yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in pairs if tag not in WORDS]
            for first, pairs in base.yaml_implicit_resolvers.items()
        }
        Loader.add_implicit_resolver(WORDS[0], re.compile("^(?:true|false)$"), ["t", "f"])
        Loader.add_implicit_resolver(WORDS[1], re.compile("^(?:null|~|)$"), ["n", "~", ""])
    return Loader
