"""A million simulated answers: time and peak memory of consensus and agreement, through the store."""

import resource
import time
from statistics import mean

import pytest

from curation.annotation.scheme.scheme import Scheme
from curation.labels.agreement_report import report
from curation.labels.consensus import consensus

pytestmark = pytest.mark.speed
ACCOUNTS, PEOPLE, ANSWERS = 200_000, 200, 5


def fill(store):
    """Simulated: each account is seen by five neighbours of a circle of 200 people, right four
    times in five.
    """
    store.connection.execute(f"""
        CREATE TEMP TABLE offered AS
        SELECT 'd' AS dataset, i::VARCHAR AS account_id, 'simulated ' || ((i * 7 + j) % {PEOPLE}) AS claimant,
               'person' AS claimant_kind, if((hash(i, j) % 10 < 8) = (hash(i) % 5 = 0), 'bot', 'human') AS answer,
               md5(i || '-' || j) AS claim_id
        FROM range({ACCOUNTS}) a(i), range({ANSWERS}) b(j)""")
    store.append({"claims": store.arrow("FROM offered")}, "t", "simulated answers")


def timed(name, work):
    begun, used = time.perf_counter(), time.process_time()
    found = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = (
        f"{time.perf_counter() - begun:.1f} s ({time.process_time() - used:.1f} s of processor)"
    )
    print(f"\n{name}: {seconds}, peak so far {peak:.2f} GB")
    return found


def test_a_million_answers(store):
    fill(store)
    counted = timed("majority", lambda: consensus(store, "d", Scheme.load(), method="majority"))
    learnt = timed("bayesian", lambda: consensus(store, "d", Scheme.load()))
    assert counted.accounts == learnt.accounts == ACCOUNTS and learnt.method == "bayesian"
    assert mean(c["sensitivity"]["value"] for c in learnt.claimants) == pytest.approx(0.8, abs=0.01)
    shown = timed("agreement", lambda: report(store, "d", Scheme.load()))
    assert shown["answers"] == ACCOUNTS * ANSWERS and shown["percent"]["value"] == pytest.approx(
        0.68, abs=0.01
    )
    timed("dawid-skene", lambda: consensus(store, "d", Scheme.load(), method="dawid-skene"))
    timed("wawa", lambda: consensus(store, "d", Scheme.load(), method="wawa"))
