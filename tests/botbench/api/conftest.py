"""One small store, made through the API, for all tests of the API; and commands run in-process."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest


def simulated(n=80, seed=3):
    """Accounts with profiles, and answers of three claimants; nobody in it exists."""
    rng = np.random.default_rng(seed)
    bot = np.arange(n) % 2 == 0
    return pd.DataFrame(
        {
            "account_id": [str(10**17 + 7 * i) for i in range(n)],
            "observed_at": pd.Timestamp("2026-01-02", tz="UTC"),
            "created_at": pd.Timestamp("2025-01-01", tz="UTC")
            + pd.to_timedelta(rng.integers(0, 300, n), unit="D"),
            "handle": [f"h{i}" for i in range(n)],
            "bio": np.where(bot & (rng.random(n) < 0.5), None, "a bio"),
            "followers": np.where(bot, rng.lognormal(4, 1, n), rng.lognormal(6, 1, n)).astype(int),
            "following": rng.lognormal(5, 1, n).astype(int),
            "posts_total": np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(7, 1, n).round()),
            "answer": np.where(bot, "bot", "human"),
        }
    )


@pytest.fixture(scope="session")
def unlabelled():
    """Thirty other simulated accounts, without answers."""
    return simulated(30, seed=9).drop(columns="answer")


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A workspace with the data set `small`, settled and released."""
    import botbench as bb

    workspace = bb.open(tmp_path_factory.mktemp("api") / "store")
    workspace.pull(simulated(), platform="made up", name="small")
    dataset = workspace.dataset("small")
    dataset.consensus()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.release("small")
    return workspace


@pytest.fixture
def command(made, monkeypatch, capsys):
    """Run a command on that store in this process: command("consensus", "small") is its document."""
    from botbench.commands.main import build

    def run(*arguments):
        monkeypatch.setenv("BOTBENCH_STORE", str(made.home))
        capsys.readouterr()
        build()(["--store", str(made.home), *map(str, arguments), "--json"], standalone_mode=False)
        return json.loads(capsys.readouterr().out)

    return run
