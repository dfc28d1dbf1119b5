"""What a backup holds of files with secrets: tokens, sessions and plain passwords stay behind.

`annotate serve` makes new ones when it starts a restored server. Salts are kept: without them
nobody could be recognised again in a restored store.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

from curation.annotation.label_studio.server import ADMINISTRATOR, DATABASE

SERVERS = "annotate/servers/"
"""Where the data of our own Label Studio servers are, below a store's home."""
NOT_COPIED = {"desk.json", "logins.json", ".env", "server.log"}
"""Files of a server with its token, its people's passwords, its key; the log shows invitations."""
ROSTER = "annotate/roster.json"
EMPTIED = re.compile(r"^(authtoken_token|django_session|token_blacklist_.*)$")
"""Tables of Label Studio whose rows are logins."""
BLANKED = re.compile(
    r"(^|_)(token|secret|secret_key|api_key|account_key|access_key_id|access_key|credentials"
    r"|auth_pass|data_password|headers)$",
    re.IGNORECASE,
)
"""Columns of Label Studio that hold secrets. Passwords that people chose are kept, as salted
hashes; those that botbench made are not."""
STORAGE = re.compile(r"^io_storages_.*(storage|mixin)$")


def is_left_out(name: str) -> bool:
    """Whether a file of a store, by its path below the home, is not copied at all."""
    file = name.rpartition("/")[2]
    return name.startswith(SERVERS) and (file in NOT_COPIED or file.startswith(f"{DATABASE}-"))


def copy_without(name: str, source: Path, target: Path) -> bool:
    """Copy a file that holds secrets among other things without them; False for any other file."""
    if name == ROSTER:
        document = json.loads(source.read_text(encoding="utf-8"))
        document["places"] = [{**place, "token": ""} for place in document["places"]]
        target.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    elif name.startswith(SERVERS) and name.endswith(f"/{DATABASE}"):
        _copy_database(source, target)
    else:
        return False
    return True


def _copy_database(source: Path, target: Path) -> None:
    """Copy a server's database as of one moment, in use or not, and take the secrets out."""
    with (
        contextlib.closing(sqlite3.connect(source, timeout=60)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")
        for (table,) in new.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall():
            if EMPTIED.search(table):
                new.execute(f'DELETE FROM "{table}"')
                continue
            for column, value in _blanks(table, new.execute(f'PRAGMA table_info("{table}")')):
                new.execute(f'UPDATE "{table}" SET "{column}" = {value}')
        logins = source.with_name("logins.json")
        made = json.loads(logins.read_text(encoding="utf-8")) if logins.is_file() else {}
        new.executemany(
            "UPDATE htx_user SET password = '' WHERE email = ?", [(ADMINISTRATOR,), *zip(made)]
        )
        new.commit()
        # Deleted rows would still stand in the file's free pages.
        new.execute("VACUUM")


def _blanks(table: str, columns: Any) -> list[tuple[str, str]]:
    """(column, SQL of what takes the place of its values) for a table's columns with secrets."""
    return [
        (name, "NULL" if not required else "'{}'" if name == "headers" else "''")
        for _, name, _, required, _, _ in columns.fetchall()
        if BLANKED.search(name) or (STORAGE.match(table) and name == "password")
    ]
