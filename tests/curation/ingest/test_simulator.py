"""Simulated worlds: the same bytes everywhere, everything called simulated, bots neither hidden nor
obvious.
"""

import numpy as np
import pytest

from curation.ingest import cards
from curation.ingest.card_model import Card
from curation.ingest.pull import pull
from curation.ingest.simulation.draws import Draws, exp
from curation.release import content_hash as release_hash

GOLDEN = "23ca7c2300fef6352c9f35ab3c48e74cd837a203fe7c42fe6d33e7907ab36201"
WORLD = {"seed": 5, "accounts": 300, "posts_per_account": 8}


def card(**options):
    return Card.model_validate(
        {
            "id": "made",
            "title": "A simulated world",
            "platform": "simulated",
            "licence": "CC0-1.0",
            "citation": "none",
            "simulated": True,
            "label": {"meaning": "as made", "claimant": "simulator"},
            "reads": [{"format": "simulator", "options": {**WORLD, **options}}],
        }
    )


def content(store):
    relations = {
        t: f"(FROM {store.relation(t)} WHERE dataset = 'made')"
        for t in ("accounts", "posts", "claims")
    }
    return release_hash.content_hash(store.connection, relations)


def test_the_same_seed_gives_the_same_bytes_on_every_machine(store):
    """The hash was written down once: another machine, library version or number of threads must
    give it too.
    """
    store.connection.execute("SET threads = 1")
    pull(store, card(), None)
    assert content(store) == GOLDEN


def test_no_thread_or_chunk_changes_a_byte(store, monkeypatch):
    from curation.ingest.sources import simulator

    monkeypatch.setattr(simulator, "POSTS_AT_ONCE", 37)
    monkeypatch.setattr(simulator, "ACCOUNTS_AT_ONCE", 41)
    store.connection.execute("SET threads = 4")
    pull(store, card(), None)
    assert content(store) == GOLDEN


def test_another_seed_is_another_world(store):
    pull(store, card(seed=6), None)
    assert content(store) != GOLDEN


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from curation.store.store import Store

    with Store(tmp_path_factory.mktemp("simulated") / "store") as store:
        pull(store, cards.load("simulated-a"), None)
        yield lambda query: store.connection.execute(
            "WITH accounts AS (FROM lake.main.accounts), posts AS (FROM "
            "lake.main.posts), "
            f"claims AS (FROM lake.main.claims) {query}"
        ).fetchall()


def test_everything_is_called_simulated(world):
    assert world(
        "SELECT count(*) FROM accounts WHERE display_name NOT LIKE 'simulated %' OR handle NOT LIKE"
        " 'simulated\\_%' ESCAPE '\\' OR account_id NOT LIKE 'simulated-%' OR platform <>"
        " 'simulated'"
    ) == [(0,)]
    assert world("SELECT DISTINCT claimant, claimant_kind FROM claims") == [
        ("simulator", "dataset")
    ]
    for name in ("simulated-a", "simulated-b", "simulated-c"):
        found = cards.load(name)
        assert found.simulated
        assert found.title.startswith("Simulated")
        assert found.sources == ()


def test_posts_refer_to_what_is_there(world):
    assert world("SELECT count(*) FROM posts ANTI JOIN accounts USING (account_id)") == [(0,)]
    assert world(
        "SELECT count(*) FROM posts p ANTI JOIN posts q ON p.ref_post_id = q.post_id WHERE"
        " p.ref_post_id IS NOT NULL"
    ) == [(0,)]
    assert world(
        "SELECT count(*) FROM posts WHERE (kind = 'repost') <> (ref_post_id IS NOT NULL)"
    ) == [(0,)]
    broken = (
        "SELECT count(*) FROM posts p JOIN posts q ON p.ref_post_id = q.post_id JOIN accounts a ON"
        " a.account_id = q.account_id WHERE p.text <> 'RT @' || a.handle || ': ' || q.text OR"
        " p.created_at <= q.created_at OR p.ref_account_id <> q.account_id OR p.hashtags <>"
        " q.hashtags OR p.mentions <> [a.handle]"
    )
    assert world(broken) == [(0,)]
    assert world(
        "SELECT count(*) FROM posts p JOIN accounts a USING (account_id) WHERE p.created_at <"
        " a.created_at OR p.created_at NOT BETWEEN '2026-01-01' AND a.observed_at"
    ) == [(0,)]
    assert world(
        "SELECT count(*) FROM accounts a JOIN (SELECT account_id, count(*) AS n FROM posts GROUP BY"
        " 1) USING (account_id) WHERE n > posts_total"
    ) == [(0,)]


def test_the_columns_say_what_the_text_says(world):
    assert world(
        "SELECT count(*) FROM posts WHERE kind = 'original' AND (len(regexp_extract_all(text, '#'))"
        " <> len(hashtags) OR len(regexp_extract_all(text, 'https://')) <> len(urls))"
    ) == [(0,)]


def test_the_share_and_kinds_of_bots_are_those_asked_for(world):
    ((bots, everybody),) = world("SELECT count(*) FILTER (answer = 'bot'), count(*) FROM claims")
    assert (bots, everybody) == (342, 1200)
    assert world("SELECT DISTINCT kinds[1] FROM claims WHERE answer = 'bot' ORDER BY 1") == [
        ("amplifier",),
        ("fake follower",),
        ("spam",),
    ]
    assert world("SELECT count(*) FROM claims WHERE answer = 'human' AND len(kinds) > 0") == [(0,)]


def test_bots_are_neither_hidden_nor_obvious(world):
    """The youngest third holds most bots and not all of them; no handle, bio or place tells one for
    certain.
    """
    ((young, bots),) = world(
        "SELECT count(*) FILTER (rank <= 400 AND answer = 'bot'), count(*) FILTER (answer = 'bot')"
        " FROM (SELECT answer, row_number() OVER (ORDER BY a.created_at DESC, account_id) AS rank"
        " FROM accounts a JOIN claims USING (account_id))"
    )
    assert 0.55 < young / bots < 0.9


@pytest.mark.parametrize("difficulty", [0.0, 1.0])
def test_difficulty_is_how_much_bots_live_like_people(store, difficulty):
    pull(store, card(difficulty=difficulty, accounts=2000, drift=0.0, posts_per_account=0.0), None)
    ages = dict(
        store.connection.execute(
            "SELECT answer, median(epoch(observed_at - created_at)) / 86400 FROM lake.main.accounts"
            " a JOIN lake.main.claims USING (account_id) GROUP BY 1"
        ).fetchall()
    )
    ratio = ages["human"] / ages["bot"]
    assert ratio > 3.5 if difficulty == 0 else 0.7 < ratio < 1.5


def test_wrong_options_are_named():
    problems = [str(e) for e in _mistakes(kinds={"person": 1.0}, end="2025-01-01", accounts=0)]
    assert any("spam, amplifier, fake follower, generated" in p for p in problems)
    assert any("greater than 0" in p for p in problems)


def _mistakes(**options):
    from pydantic import ValidationError

    from curation.ingest.sources.simulator import Options

    with pytest.raises(ValidationError) as caught:
        Options.model_validate({**WORLD, **options})
    return [e["msg"] for e in caught.value.errors()]


def test_splitmix64_gives_its_published_numbers():
    """Steele, Lea and Flood's generator, seed 1234567: the first numbers of the reference
    implementation.
    """
    from curation.ingest.simulation.draws import GOLDEN as STEP
    from curation.ingest.simulation.draws import MASK, mix

    states = np.array([(1234567 + i * STEP) & MASK for i in (1, 2, 3)], dtype=np.uint64)
    assert mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_draws_have_the_distributions_they_are_named_after():
    draws, index = Draws(1), np.arange(200_000)
    uniform, normal, picked = (
        draws.uniform("u", index),
        draws.normal("n", index),
        draws.pick("p", 7, index),
    )
    assert uniform.min() >= 0 and uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.003
    assert abs(normal.mean()) < 0.01 and abs(normal.std() - 1) < 0.01
    assert np.bincount(picked, minlength=7).min() > 200_000 / 7 * 0.97 and picked.max() == 6
    assert abs(np.corrcoef(draws.uniform("u", index), draws.uniform("v", index))[0, 1]) < 0.01
    assert abs(np.corrcoef(draws.uniform("u", index, 1), draws.uniform("u", index, 2))[0, 1]) < 0.01


def test_a_draw_does_not_depend_on_what_else_is_drawn():
    draws = Draws(3)
    assert draws.uniform("u", np.arange(10))[7] == draws.uniform("u", np.array([7]))[0]
    assert (
        draws.pick("p", 9, np.arange(5)[:, None], np.arange(4)[None, :])[2, 3]
        == draws.pick("p", 9, 2, 3)[0]
    )


def test_exp_is_close_to_the_exponential():
    x = np.linspace(-20, 20, 10_001)
    assert np.abs(exp(x) / np.exp(x) - 1).max() < 2e-7
