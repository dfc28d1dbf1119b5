"""What a server's robots.txt says of this program (RFC 9309)."""

from __future__ import annotations

from urllib.robotparser import RobotFileParser

NAME = "botbench"
LARGEST = 500 << 10
"""Bytes of the file that are read (RFC 9309, section 2.5)."""


class Rules:
    """The rules for this program by its name.

    Rules for everybody are for crawlers of pages; programs use the interface, which many servers
    close to crawlers. Only a group that names this program is meant for it.

    >>> rules = Rules("User-agent: *\\nDisallow: /\\n\\nUser-agent: BotBench\\nDisallow: /api/v1/")
    >>> rules.allow("/api/v1/accounts/1"), rules.allow("/api/v2/instance")
    (False, True)
    >>> Rules("User-agent: *\\nDisallow: /\\n").allow("/api/v1/accounts/1")
    True
    """

    def __init__(self, text: str) -> None:
        self.parser = RobotFileParser()
        self.parser.parse(text[:LARGEST].splitlines())
        entries = getattr(self.parser, "entries", [])
        self.is_named = any(
            agent.lower().strip() == NAME for entry in entries for agent in entry.useragents
        )

    def allow(self, path: str) -> bool:
        """Whether this program may ask for a path."""
        return not self.is_named or self.parser.can_fetch(NAME, path)
