"""No token, session, key or plain password of a Label Studio server stands in a backup."""

import contextlib
import json
import sqlite3

from curation.annotation.assignment.roster import Roster, ServerAccess
from curation.annotation.label_studio.server import ADMINISTRATOR, Server
from curation.maintenance import backup
from curation.store.connection import locate
from curation.store.store import Store

SECRETS = [f"secret-number-{i}-abcdef0123456789" for i in range(14)]
TABLES = """
CREATE TABLE htx_user (id INTEGER PRIMARY KEY, email TEXT NOT NULL, password TEXT NOT NULL);
CREATE TABLE authtoken_token (key TEXT NOT NULL PRIMARY KEY, created TEXT NOT NULL, user_id INT);
CREATE TABLE django_session (session_key TEXT NOT NULL, session_data TEXT NOT NULL);
CREATE TABLE token_blacklist_outstandingtoken (token TEXT NOT NULL);
CREATE TABLE organization (id INTEGER PRIMARY KEY, token TEXT);
CREATE TABLE project (id INTEGER PRIMARY KEY, token TEXT, task_data_password TEXT, title TEXT);
CREATE TABLE io_storages_s3importstorage (aws_access_key_id TEXT, aws_secret_access_key TEXT);
CREATE TABLE io_storages_redisstoragemixin (password TEXT);
CREATE TABLE ml_mlbackend (basic_auth_pass TEXT);
CREATE TABLE webhook (headers TEXT NOT NULL);
CREATE TABLE task_completion (id INTEGER PRIMARY KEY, result TEXT);
CREATE TABLE jwt_auth_jwtsettings (api_token_ttl_days INT NOT NULL);
"""
"""The tables of the server's version 1.23.2 that hold secrets, and two that do not."""


def annotated(home):
    """A store's folder with the data of a server of ours, each secret in its place."""
    s = iter(SECRETS)
    folder = home / "annotate" / "servers" / "shared"
    folder.mkdir(parents=True)
    desk = {"password": next(s), "token": next(s)}
    (folder / "desk.json").write_text(json.dumps(desk))
    (folder / "logins.json").write_text(json.dumps({"me@annotators.invalid": next(s)}))
    (folder / ".env").write_text(f"SECRET_KEY={next(s)}\n")
    (folder / "server.log").write_text(f"GET /user/signup/?token={SECRETS[6]}\n")
    with contextlib.closing(sqlite3.connect(folder / "label_studio.sqlite3")) as database:
        database.executescript(TABLES)
        people = [(1, ADMINISTRATOR, "hash-d"), (2, "me@annotators.invalid", "hash-made")]
        database.executemany(
            "INSERT INTO htx_user VALUES (?, ?, ?)", [*people, (3, "own@example.org", "hash-own")]
        )
        database.execute("INSERT INTO authtoken_token VALUES (?, 'now', 1)", [desk["token"]])
        database.execute("INSERT INTO authtoken_token VALUES (?, 'now', 2)", [next(s)])
        database.execute("INSERT INTO django_session VALUES (?, 'x')", [next(s)])
        database.execute("INSERT INTO organization VALUES (1, ?)", [next(s)])
        database.execute("INSERT INTO project VALUES (1, ?, ?, 'kept')", [next(s), next(s)])
        database.execute("INSERT INTO token_blacklist_outstandingtoken VALUES (?)", [next(s)])
        database.execute("INSERT INTO io_storages_s3importstorage VALUES ('id', ?)", [next(s)])
        database.execute("INSERT INTO io_storages_redisstoragemixin VALUES (?)", [next(s)])
        database.execute("INSERT INTO ml_mlbackend VALUES (?)", [next(s)])
        database.execute("INSERT INTO webhook VALUES (?)", [json.dumps({"A": next(s)})])
        database.execute("INSERT INTO task_completion VALUES (1, 'an answer')")
        database.execute("INSERT INTO jwt_auth_jwtsettings VALUES (200)")
        database.commit()
    assert next(s, None) is None
    with Roster.change(home) as roster:
        roster.add("me")
        roster.servers[""] = ServerAccess("", "http://127.0.0.1:8080", desk["token"], str(folder))
    return folder


def rows(file, query):
    with contextlib.closing(sqlite3.connect(file)) as database:
        return database.execute(query).fetchall()


def test_no_secret_is_in_a_backup_and_a_restored_server_gets_new_ones(tmp_path):
    with Store(tmp_path / "store") as store:
        folder = annotated(store.home)
        open_there = contextlib.closing(sqlite3.connect(folder / "label_studio.sqlite3"))
        with open_there as database:
            # A server in use keeps a log beside its database.
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("INSERT INTO task_completion VALUES (2, 'in the log')")
            database.commit()
            backup.make(store, tmp_path / "kept")
    every = [p for p in (tmp_path / "kept").rglob("*") if p.is_file()]
    assert [(p, s) for p in every for s in SECRETS if s.encode() in p.read_bytes()] == []
    backup.restore(tmp_path / "kept", locate(tmp_path / "again"))
    restored = tmp_path / "again" / "annotate" / "servers" / "shared"
    file = restored / "label_studio.sqlite3"
    assert sorted(p.name for p in restored.iterdir()) == ["label_studio.sqlite3"]
    assert rows(file, "SELECT result FROM task_completion ORDER BY id") == [
        ("an answer",),
        ("in the log",),
    ]
    assert rows(file, "SELECT token, task_data_password, title FROM project") == [
        (None, None, "kept")
    ]
    assert rows(file, "SELECT headers FROM webhook") == [("{}",)]
    assert rows(file, "SELECT api_token_ttl_days FROM jwt_auth_jwtsettings") == [(200,)]
    # Only a password that its owner chose is kept, as a hash.
    assert rows(file, "SELECT password FROM htx_user ORDER BY id") == [
        ("",),
        ("",),
        ("hash-own",),
    ]
    roster = Roster.load(tmp_path / "again")
    assert roster.servers[""].token == "" and list(roster.people) == ["me"]
    check_renewal(restored)


def check_renewal(folder):
    """A restored server's administrator has a new token, and a person a new password."""
    server, file = Server(folder), folder / "label_studio.sqlite3"
    made = server._secrets()
    assert rows(file, "SELECT key, user_id FROM authtoken_token") == [(made["token"], 1)]
    ((invitation,),) = rows(file, "SELECT token FROM organization")
    assert len(invitation) == 32 and server._secrets() == made
    login = server.login("me@annotators.invalid", "no invitation is needed")
    assert json.loads((folder / "logins.json").read_text()) == {login.email: login.password}
    ((stored,),) = rows(file, "SELECT password FROM htx_user WHERE id = 2")
    assert stored.startswith("pbkdf2_sha256$600000$")
    assert {p.stat().st_mode & 0o077 for p in folder.glob("*.json")} == {0}
