"""Pulling: the ledger adds up, the same pull changes nothing, a killed pull leaves nothing,
downloads go on.
"""

import functools
import hashlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from botbench.core.errors import UserError
from curation.ingest import cards, downloads, ledger
from curation.ingest.pull import pull
from curation.ingest.reading.stage import FED
from curation.release import content_hash as release_hash
from curation.store import identity
from curation.store.store import Store

OPTIONS = {
    "header": False,
    "columns": ["id", "label", "n"],
    "accounts": {"account_id": "id", "followers": "n"},
    "claims": {"answer": "label"},
}


def content_hash(store):
    return release_hash.content_hash(
        store.connection, {t: store.relation(t) for t in (*FED, "quarantine", "ledger")}
    )


def test_the_same_pull_again_changes_nothing(pulled, written, cli):
    _, document = pulled({"ids.csv": b"1,bot,3\n2,human,4\n2,human,4\n3,bot,x\n"}, OPTIONS, code=1)
    assert document["unchanged"] is False and document["version"] == 2
    assert document["tables"] == {
        "accounts": {"read": 4, "kept": 2, "duplicate": 1, "quarantined": 1},
        "claims": {"read": 4, "kept": 3, "duplicate": 1, "quarantined": 0},
    }
    cli("tag", "mine")
    again = cli("pull", written.card, "--from", written.folder, "--json", code=1)
    assert json.loads(again.stdout) == {**document, "unchanged": True}
    assert "pulled before from these very files (version 2): nothing has changed" in again.stderr
    assert len(cli.json("log")["versions"]) == 3
    shown = cli("pull", written.card, "--from", written.folder, code=1)
    assert [
        line.split()
        for line in shown.stdout.splitlines()
        if line.strip().startswith(("accounts", "claims "))
    ][:2] == [["accounts", "4", "2", "1", "1"], ["claims", "4", "3", "1", "0"]]


def test_another_name_or_compression_of_the_same_bytes_is_the_same_pull(written, store):
    first = written({"ids.csv": b"1,bot,3\n"}, OPTIONS).pull(store)
    (written.folder / "ids.csv").unlink()
    again = written({"ids.csv": b"1,bot,3\n"}, OPTIONS, zipped=("ids.csv",)).pull(store)
    assert again.unchanged and again.pull_id == first.pull_id
    (written.folder / "ids.csv").rename(written.folder / "ids.csv.gz")
    assert written.pull(store).unchanged


def test_another_card_over_the_same_files_is_another_pull(written, store):
    written({"ids.csv": b"1,bot,3\n"}, OPTIONS).pull(store)
    second = written({"ids.csv": b"1,bot,3\n"}, OPTIONS, title="Made again").pull(store)
    assert not second.unchanged and second.version == 3
    assert second.tables["accounts"] == {"read": 1, "kept": 0, "duplicate": 1, "quarantined": 0}
    assert second.totals["accounts"] == 1 and second.totals["claims"] == {"dataset": {"bot": 1}}


def test_claims_have_the_ids_of_their_json_and_the_pull_that_brought_them(written, store):
    """What stands once in the card is in every claim's id, written as the file's own texts are."""
    claimant, note = 'The "team" of Köln\\2', 'a "b"\t\x01\\'
    content = f'id,label,n\n1,bot,"{note.replace(chr(34), chr(34) * 2)}"\né2,human,\n'.encode()
    options = {
        "accounts": {"account_id": "id"},
        "claims": {"answer": "label", "note": "n"},
    }
    label = {"meaning": "made up", "claimant": claimant}
    result = written({"ids.csv": content}, options, label=label).pull(store)
    expected = []
    for account, answer, said in (("1", "bot", note), ("é2", "human", "")):
        claim = dict.fromkeys(identity.CLAIMED) | {
            "dataset": "made",
            "account_id": account,
            "claimant": claimant,
            "claimant_kind": "dataset",
            "answer": answer,
            "note": said,
        }
        text = json.dumps(claim, ensure_ascii=False, separators=(",", ":"))
        expected.append((hashlib.sha256(text.encode()).hexdigest(), account, result.pull_id))
    found = store.connection.execute(
        "SELECT claim_id, account_id, pull_id FROM lake.main.claims ORDER BY account_id"
    ).fetchall()
    assert found == expected


def test_claims_of_annotators_are_not_the_pulls(written, store):
    from curation.store.schema import rows

    written({"ids.csv": b"1,bot,3\n"}, OPTIONS).pull(store)
    mine = {
        "dataset": "made",
        "account_id": "1",
        "claimant": "me",
        "claimant_kind": "person",
        "answer": "human",
    }
    store.append(
        {
            "claims": identity.with_claim_ids(
                store.connection, rows("claims", [mine | {"claim_id": "x"}])
            )
        },
        None,
        "annotated",
    )
    assert ledger.totals(store, "made", store.head())["claims"] == {"dataset": {"bot": 1}}


IDS = st.sampled_from(["1", "2", "03", "", " 4", "5.0", "2147483648", "1.2E+18", "x y", "é"])
ROWS = st.lists(
    st.tuples(
        IDS,
        st.sampled_from(["bot", "human", "", "what"]),
        st.sampled_from(["1", "2", "", "x", "-3"]),
    ),
    min_size=1,
    max_size=30,
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=ROWS,
    extra=st.lists(st.sampled_from(["only", "too,many,fields,here", '"bad"q,bot,1']), max_size=3),
    data=st.data(),
)
def test_the_ledger_adds_up_for_any_rows(written, store, rows, extra, data):
    """read = kept + duplicate + quarantined, against counts made by hand in Python."""
    lines = data.draw(st.permutations([",".join(r) for r in rows] + extra))
    name = f"made-{store.head()}-{hashlib.sha256(repr(lines).encode()).hexdigest()[:12]}"
    result = written({"ids.csv": ("\n".join(lines) + "\n").encode()}, OPTIONS, id=name).pull(store)
    expected = _by_hand([line.split(",") for line in lines])
    assert result.tables == expected
    for table, counts in result.tables.items():
        assert counts["read"] == counts["kept"] + counts["duplicate"] + counts["quarantined"]
        where = f"FROM lake.main.{table} WHERE dataset = '{name}'"
        assert store.connection.execute(f"SELECT count(*) {where}").fetchone() == (counts["kept"],)
        aside = "SELECT count(*) FROM lake.main.quarantine WHERE pull_id = ? AND table_name = ?"
        assert store.connection.execute(aside, [result.pull_id, table]).fetchone() == (
            counts["quarantined"],
        )


def _by_hand(rows):
    parsed = [r for r in rows if len(r) == 3 and '"' not in r[0]]
    broken = len(rows) - len(parsed)
    good_id = {"1", "2", "03", "2147483648", "x y", "é"}
    staged = {
        "accounts": [(i, n or None) for i, _, n in parsed if i in good_id and n in ("1", "2", "")],
        "claims": [(i, a) for i, a, _ in parsed if i in good_id and a in ("bot", "human")],
    }
    counts = {}
    for table, found in staged.items():
        saturated = sum(i == "2147483648" for i, _ in found)
        seen, kept, duplicate = {}, 0, 0
        for row in (r for r in found if r[0] != "2147483648" or saturated < 3):
            key = row[0] if table == "accounts" else row
            if key not in seen:
                seen[key] = row
                kept += 1
            elif seen[key] == row:
                duplicate += 1
        counts[table] = {
            "read": len(parsed) + broken,
            "kept": kept,
            "duplicate": duplicate,
            "quarantined": len(parsed) + broken - kept - duplicate,
        }
    return counts


@pytest.mark.all_threads
def test_a_killed_pull_run_again_equals_an_undisturbed_one(written, tmp_path):
    lines = b"".join(
        b"%d,%s,%d\n" % (i, b"bot" if i % 3 else b"human", i % 1000) for i in range(150_000)
    )
    written({"ids.csv": lines + b"1,bot,1\n5,what,7\n"}, OPTIONS)
    with Store(tmp_path / "undisturbed") as store:
        undisturbed = pull(store, cards.load(written.card), written.folder).document()
        expected = content_hash(store)
    arguments = [
        sys.executable,
        "-m",
        "botbench.commands.main",
        "--store",
        str(tmp_path / "killed"),
        "pull",
        str(written.card),
        "--from",
        str(written.folder),
        "--json",
    ]
    killed = 0
    # Killed as soon as it has begun: while it reads its files, stages its rows, and writes its data
    # files.
    for sign in ("tmp/pull-*", "tmp/*", "data/main/accounts/*", "data/main/claims/*"):
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not list((tmp_path / "killed").glob(sign)):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            break
        killed += 1
    assert killed
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, env=os.environ)
    assert json.loads(done.stdout) | {"unchanged": False, "version": 2} == undisturbed | {
        "version": 2
    }
    with Store(tmp_path / "killed") as store:
        assert content_hash(store) == expected
        assert [v.message for v in store.versions()].count("pull made") == 1
    assert not list((tmp_path / "killed" / "tmp").glob("pull-*"))


def test_an_unchanged_pull_takes_away_what_a_killed_one_left(written, store):
    """A pull killed after its commit leaves its folder, and the next one finds nothing to do."""
    written({"ids.csv": b"1,bot,3\n"}, OPTIONS).pull(store)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = store.home / "tmp" / f"pull-{dead.pid}-abcd_123"
    left.mkdir()
    assert written.pull(store).unchanged and not left.exists()


def test_two_processes_pull_the_same_at_once(written, tmp_path):
    written({"ids.csv": b"".join(b"%d,bot,1\n" % i for i in range(20_000))}, OPTIONS)
    arguments = [
        sys.executable,
        "-m",
        "botbench.commands.main",
        "--store",
        str(tmp_path / "store"),
        "pull",
        str(written.card),
        "--from",
        str(written.folder),
        "--json",
    ]
    both = [
        subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    documents = [json.loads(p.communicate()[0]) for p in both]
    assert [p.returncode for p in both] == [0, 0]
    assert (
        sorted(d.pop("unchanged") for d in documents) == [False, True]
        and documents[0] == documents[1]
    )
    with Store(tmp_path / "store") as store:
        assert store.connection.execute("SELECT count(*) FROM lake.main.accounts").fetchone() == (
            20_000,
        )


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, understands ranges, and breaks the first `broken` answers off half-way."""

    broken = 0
    ranges: list = []  # noqa: RUF012

    def do_GET(self):
        from pathlib import Path

        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content, asked = path.read_bytes(), self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        Server.ranges.append(start)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if Server.broken:
            Server.broken -= 1
            self.wfile.write(content[start : start + len(content) // 3])
            self.connection.close()
            return
        self.wfile.write(content[start:])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server(tmp_path):
    (tmp_path / "served").mkdir()
    Server.broken, Server.ranges = 0, []
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Server, directory=tmp_path / "served")
    ) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield tmp_path / "served", f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


IDLIST = b"".join(b"%d,bot,1\n" % i for i in range(3000))


def served(written, server, **source):
    folder, url = server
    (folder / "ids.csv").write_bytes(IDLIST)
    digest = hashlib.sha256(IDLIST).hexdigest()
    return written(
        {"ids.csv": IDLIST},
        OPTIONS,
        sources=[{"file": "ids.csv", "url": f"{url}/ids.csv", "sha256": digest} | source],
    )


def test_a_card_with_urls_needs_no_folder(written, server, cli):
    served(written, server)
    document = cli.json("pull", written.card)
    assert document["accounts"] == 3000
    assert cli.json("pull", written.card)["unchanged"] is True
    assert Server.ranges == [0]
    assert (cli.cwd / "store" / "downloads" / "made" / "ids.csv").read_bytes() == IDLIST


def test_a_broken_download_goes_on_where_it_stopped(written, server, store, monkeypatch):
    monkeypatch.setattr(downloads, "PAUSE", 0)
    served(written, server)
    Server.broken = 2
    assert pull(store, cards.load(written.card)).totals["accounts"] == 3000
    third = len(IDLIST) // 3
    assert Server.ranges == [0, third, 2 * third]


def test_a_download_that_never_ends_is_begun_again_by_the_next_command(
    written, server, store, monkeypatch
):
    monkeypatch.setattr(downloads, "PAUSE", 0)
    monkeypatch.setattr(downloads, "TRIES", 1)
    served(written, server)
    Server.broken = 1
    with pytest.raises(
        UserError, match=r"could not be downloaded in 1 tries .* goes on where it stopped"
    ):
        pull(store, cards.load(written.card))
    assert pull(store, cards.load(written.card)).totals["accounts"] == 3000
    assert Server.ranges == [0, len(IDLIST) // 3]


def test_other_bytes_than_the_cards_are_deleted(written, server, cli):
    served(written, server, sha256="0" * 64)
    done = cli("pull", written.card, code=2)
    assert "gave other bytes than the card's sha256" in done.stderr and done.stderr.count("\n") == 1
    assert not list((cli.cwd / "store" / "downloads").rglob("*.csv*"))


def test_a_url_that_is_not_there_and_a_source_without_one(written, server, cli):
    served(written, server, url=server[1] + "/gone.csv")
    done = cli("pull", written.card, code=3)
    assert (
        "gone.csv could not be downloaded" in done.stderr
        and "404" in done.stderr
        and Server.ranges == []
    )
    written(
        {"ids.csv": IDLIST},
        OPTIONS,
        sources=[{"file": "ids.csv", "local_only": True, "note": "on request"}],
    )
    done = cli("pull", written.card, code=2)
    assert (
        "made has no public URL for ids.csv (on request): get the files yourself and name their"
        " folder: the same command with --from DIR." in done.stderr
    )


def test_memory_is_given_back_and_checked(written, store):
    before = store.connection.execute("SELECT current_setting('memory_limit')").fetchone()
    written({"ids.csv": b"1,bot,3\n"}, OPTIONS).pull(store, memory="300MB")
    assert store.connection.execute("SELECT current_setting('memory_limit')").fetchone() == before
    with pytest.raises(UserError, match="'much' is not an amount of memory"):
        written({"ids.csv": b"2,bot,3\n"}, OPTIONS).pull(store, memory="much")


def test_a_file_that_is_not_there_and_a_pull_without_faults_are_sentences(cli):
    assert "There is no file or folder nofile.json" in cli("pull", "nofile.json", code=2).stderr
    cli("pull", "simulated-a")
    told = cli("quarantine", "simulated-a")
    assert "No row of simulated-a is set aside." in told.stdout + told.stderr
    assert "Next" not in told.stdout + told.stderr


@pytest.mark.parametrize("kind, after", [("dataset", "consensus"), ("platform", "sample")])
def test_the_next_step_is_one_that_works(cli, tmp_path, kind, after):
    """consensus counts what data sets and people said; where a platform alone did, people judge."""
    (tmp_path / "given.csv").write_text("id,label\na,bot\nb,human\n")
    card = tmp_path / "mine.yaml"
    card.write_text(
        "{id: mine, title: Made up, platform: twitter, licence: CC0-1.0, citation: Made up,"
        " simulated: true, sources: [{file: given.csv, local_only: true}], label: {meaning: none,"
        f" claimant: X, claimant_kind: {kind}}}, reads: [{{format: tabular, options:"
        " {accounts: {account_id: id}, claims: {answer: label}}}]}"
    )
    options = ["--n", "2"] if after == "sample" else []
    told = " ".join(["Next: botbench", after, "mine", *options]) + "."
    assert told in cli("pull", card, "--from", tmp_path).stderr
    cli(after, "mine", *options)
