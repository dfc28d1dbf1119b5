"""A store whose names attack the terminal, and every command that reads it, in one process."""

import csv
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from curation.release.publish.documents.answers import asked
from curation.store import schema
from curation.store.identity import with_claim_ids
from curation.store.store import Store

ATTACK = (
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\\x1b[2J\x9b31m\u202egnp\u200b\u2066\u2028"
    "\u2029\U000e0041\x07\x08\r\x7f\ufeff\u3164"
)
RAW = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\U000e0000-\U000e007f]"
)
ACCOUNTS = [f"{number}{ATTACK}" for number in range(8)]
ACCOUNT = ACCOUNTS[0]
NEW = f"new{ATTACK.replace('/', '')}.csv"
T = datetime(2018, 5, 1, tzinfo=UTC)
BOTH = [
    ("quarantine", "read"),
    ("claims", ACCOUNT),
    ("blame", ACCOUNT),
    ("log",),
    ("tag",),
    ("conflicts",),
    ("conflicts", "--duplicates"),
    ("consensus", "d", "--explain", ACCOUNT),
    ("agreement", "d"),
    ("quality", "d"),
    ("releases",),
    ("study", "campaign.yaml"),
    ("submit", "check", "submission", "--release", "r"),
    ("submit", "history"),
    ("doctor",),
]
"""Commands that are run with and without `--json`."""
BEFORE = [
    ("pull", "card.yaml", "--from", ".", "--quarantine-limit", "1"),
    ("tag", f"t{ATTACK}"),
    ("sample", "d", "--design", "uniform(n=2)"),
    ("consensus", "d"),
    ("release", "r", "--dataset", "d", "--accept", f"no\n{ATTACK}", "--because", ATTACK, "--json"),
]
"""Commands after which there is more to read."""
ONCE = [
    ("show", "2"),
    ("diff", "1", "3", "--json"),
    ("publish", "r", "--tier", "internal", "--answers", "answers.yaml"),
    ("publish", "r", "--tier", "tier.yaml", "--json"),
    ("predict", "constant", NEW, "--train", "r", "--json"),
    ("erase", ACCOUNTS[7], "--reason", ATTACK),
]
"""Commands that take long, and those of which one form shows all."""
MISTAKES = [
    ("pull", "broken.yaml", "--from", "."),
    ("pull", ATTACK),
    ("quarantine", "read", "--reason", ATTACK),
    ("claims", f"none{ATTACK}"),
    ("blame", ACCOUNT, "--at", ATTACK),
    ("consensus", ATTACK),
    ("tag", f"t{ATTACK}", "2"),
    ("sample", "d", "--design", ATTACK),
    ("release", ATTACK, "--dataset", ATTACK),
    ("releases", "--diff", "r@1", f"r@{ATTACK}"),
    ("publish", ATTACK, "--tier", "public"),
    ("publish", "r", "--tier", ATTACK),
    ("publish", "r", "--tier", "broken-tier.yaml"),
    ("predict", ATTACK, "d", "--train", "r"),
    ("predict", f"constant({ATTACK}=1)", "d", "--train", "r"),
    ("predict", "constant", ATTACK, "--train", ATTACK),
    ("study", ATTACK),
    ("study", "broken-campaign.yaml"),
    ("submit", "check", ATTACK, "--release", "r"),
    (ATTACK,),
    ("log", f"--{ATTACK}"),
    ("log", "-n", ATTACK),
    ("submit", ATTACK),
]
"""Commands that repeat in a sentence what the user or a file said."""
COMMANDS = [*BEFORE, *BOTH, *((*c, "--json") for c in BOTH), *ONCE, *MISTAKES]
PROGRAM = """
import json, os, sys
from botbench.commands import main

codes = []
for number, arguments in enumerate(json.load(sys.stdin)):
    for stream in (1, 2):
        file = os.open(f"{sys.argv[1]}/{number}.{stream}", os.O_WRONLY | os.O_CREAT)
        os.dup2(file, stream)
        os.close(file)
    kept, sys.argv[1:] = sys.argv[1:], arguments
    try:
        main.main()
    except SystemExit as done:
        codes.append(done.code)
    sys.argv[1:] = kept
    sys.stdout.flush(), sys.stderr.flush()
with open(f"{sys.argv[1]}/codes.json", "w") as file:
    json.dump(codes, file)
"""


def fill(store):
    """Accounts, posts, claims and quarantined rows in which every free text attacks."""
    accounts = [
        {
            "dataset": d,
            "account_id": a,
            "platform": "twitter",
            "observed_at": T,
            "created_at": T - timedelta(days=i),
            "handle": f"h{i}{ATTACK}",
            "display_name": ATTACK,
            "bio": ATTACK,
            "followers": i,
            "extra": {ATTACK: ATTACK},
        }
        for d in ("d", "e")
        for i, a in enumerate(ACCOUNTS)
    ]
    posts = [
        {
            "dataset": "d",
            "post_id": f"{n}{a}",
            "account_id": a,
            "created_at": T + timedelta(hours=n),
            "text": f"a text {ATTACK}",
            "hashtags": [f"tag{ATTACK}"],
            "lang": ATTACK,
        }
        for a in ACCOUNTS
        for n in range(2)
    ]
    claims = [
        {
            "dataset": d,
            "claim_id": "",
            "account_id": a,
            "claimant": f"{who}{ATTACK}",
            "claimant_kind": "person",
            "answer": "bot" if (i % 2 == 0) == (d == "d") else "human",
            "kinds": [ATTACK],
            "reasons": [ATTACK],
            "note": f"{ATTACK}\nsecond line",
            "made_at": T,
        }
        for d in ("d", "e")
        for i, a in enumerate(ACCOUNTS)
        for who in ("ana", "ben")
    ]
    card = {**CARD, "id": "d", "reads": []}
    pulls = [{"pull_id": "p", "dataset": "d", "card": json.dumps(card), "reader_version": ATTACK}]
    store.append(
        {
            "pulls": schema.rows("pulls", pulls),
            "accounts": schema.rows("accounts", accounts),
            "posts": schema.rows("posts", posts),
        },
        f"a{ATTACK}",
        ATTACK,
    )
    claimed = with_claim_ids(store.connection, schema.rows("claims", claims))
    store.append({"claims": claimed}, ATTACK, ATTACK)


CARD = {
    "id": "read",
    "title": f"title {ATTACK}",
    "description": ATTACK,
    "platform": ATTACK,
    "licence": ATTACK,
    "citation": ATTACK,
    "label": {"meaning": ATTACK, "claimant": ATTACK, "claimant_kind": "dataset"},
    "sources": [{"file": "rows.csv", "local_only": True}],
    "reads": [
        {
            "format": "tabular",
            "options": {"accounts": {"account_id": "id", "followers": "n", "display_name": "name"}},
        }
    ],
}


def write_files(folder):
    """A card, a campaign, a tier, a submission and accounts, with the attack in each."""
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [
                ("id", "n", "name"),
                (ACCOUNT, "7", ATTACK),
                (f"bad{ATTACK}", f"no number {ATTACK}", ATTACK),
                ("", "1", ATTACK),
            ]
        )
    (folder / NEW).write_text(
        f'account_id,followers,bio\n"{ACCOUNT}",1,"{ATTACK}"\n', encoding="utf-8", newline=""
    )
    tier = {
        "tier": "ours",
        "meaning": ATTACK,
        "ids": "salted",
        "annotators": "pseudonymous",
        "tables": {"labels": ["dataset", "account_id", "label"]},
    }
    documents = {
        "card.yaml": CARD,
        "broken.yaml": {**CARD, ATTACK: 1, "reads": [{"format": ATTACK}]},
        "campaign.yaml": {
            "name": "c",
            "title": ATTACK,
            "dataset": "d",
            "sample": "labelled",
            "groups": [{"by": "hashtag", "name": ATTACK}, {"by": "column", "column": "handle"}],
            "questions": ["share", "groups"],
        },
        "tier.yaml": tier,
        "broken-tier.yaml": {**tier, ATTACK: ATTACK, "tables": {"labels": [ATTACK]}},
        "answers.yaml": dict.fromkeys(asked(), ATTACK),
    }
    documents["broken-campaign.yaml"] = {**documents["campaign.yaml"], "dataset": ATTACK}
    for name, document in documents.items():
        (folder / name).write_text(yaml.safe_dump(document), encoding="utf-8")
    (folder / "submission").mkdir()
    (folder / "submission" / "manifest.yaml").write_text(
        yaml.safe_dump({"detector": ATTACK, "authors": [ATTACK], ATTACK: ATTACK}), encoding="utf-8"
    )
    (folder / "submission" / NEW).write_text("x\n")


@pytest.fixture(scope="module")
def answers(tmp_path_factory, signatures_once):
    """(exit code, stdout, stderr) of every command, with and without --json."""
    folder = tmp_path_factory.mktemp("hostile")
    with Store(folder / "store") as store:
        fill(store)
    write_files(folder)
    done = subprocess.run(
        [sys.executable, "-c", signatures_once + PROGRAM, folder],
        input=json.dumps(COMMANDS),
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "BOTBENCH_STORE": str(folder / "store"), "XDG_STATE_HOME": str(folder)},
    )
    assert not done.returncode, done.stderr
    codes = json.loads((folder / "codes.json").read_text())
    told = [
        tuple((folder / f"{i}.{stream}").read_bytes().decode("utf-8") for stream in (1, 2))
        for i in range(len(COMMANDS))
    ]
    return {a: (c, *t) for a, c, t in zip(COMMANDS, codes, told, strict=True)}


@pytest.mark.parametrize(
    "command", COMMANDS, ids=lambda c: re.sub(r"\W+", " ", " ".join(c)).strip()
)
def test_no_command_prints_a_control_character(answers, command):
    code, out, err = answers[command]
    assert RAW.search(out) is None and RAW.search(err) is None
    assert code == expected(command), err
    if command[-1] == "--json" and out:
        json.loads(out)


def expected(command):
    """The exit code of a command."""
    if command in MISTAKES:
        return 0 if command[:2] == ("quarantine", "read") else 2
    # The text of the tier holds a name of the store, which no publication may.
    return int(command[:2] == ("submit", "check") or "tier.yaml" in command)


def test_the_attack_was_in_what_was_read_and_stands_in_json_as_it_was(answers):
    def document(*command):
        return json.loads(answers[*command, "--json"][1])

    assert document("claims", ACCOUNT)["account"] == ACCOUNT
    assert document("log")["versions"][-2]["message"] == ATTACK
    assert f"t{ATTACK}" in [t["tag"] for t in document("tag")["tags"]]
    raw = [json.loads(row["raw"]) for row in document("quarantine", "read")["rows"]]
    assert [f"bad{ATTACK}", f"no number {ATTACK}", ATTACK] in raw
    assert "⟨U+001B⟩]8;;https://evil.example⟨U+001B⟩" in answers["claims", ACCOUNT][1]
    assert "⟨U+202E⟩gnp⟨U+200B⟩" in answers["log",][1]
    assert "⟨U+009B⟩31m" in answers["blame", ACCOUNT][1]
    assert "⟨U+001B⟩" in answers["claims", f"none{ATTACK}"][2]
