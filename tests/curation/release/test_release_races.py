"""Two processes that release at once: a name belongs to the data set of its first release."""

import subprocess
import sys
import textwrap

from curation.release import release
from curation.store import schema
from curation.store.connection import locate
from curation.store.store import Store

RELEASE = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from botbench.core.errors import UserError
    from curation.release import acceptance, release
    from curation.store.store import Store
    place, dataset, meeting = sys.argv[1], sys.argv[2], Path(sys.argv[3])

    class Passed:
        @staticmethod
        def summary():
            return {"success": True}

    def before_release(*_):
        # Both have found the name free; neither has its number.
        (meeting / dataset).touch()
        end = time.monotonic() + 120
        while len(list(meeting.iterdir())) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        return Passed()

    acceptance.before_release = before_release
    acceptance.report_path = lambda *_: "none"
    with Store(place) as store:
        try:
            print(release.freeze(store, "q1", dataset).reference)
        except UserError as error:
            sys.exit(str(error))
""")


def records(dataset):
    """Two judged accounts of a data set."""
    ids = ("1", "2")
    return {
        "accounts": [{"dataset": dataset, "account_id": i, "platform": "twitter"} for i in ids],
        "labels": [
            {
                "consensus_id": f"k-{dataset}",
                "dataset": dataset,
                "account_id": i,
                "label": "bot",
                "p_bot": 1.0,
                "n_claims": 1,
                "status": "agreed",
                "method": "majority",
            }
            for i in ids
        ],
    }


def test_a_name_asked_for_two_data_sets_at_once_goes_to_one_of_them(place, tmp_path):
    with Store(place) as store:
        for dataset in ("d", "e"):
            rows = {t: schema.rows(t, found) for t, found in records(dataset).items()}
            store.append(rows, None, dataset)
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RELEASE, place, dataset, meeting],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for dataset in ("d", "e")
    ]
    ended = [(*p.communicate(timeout=300), p.returncode) for p in running]
    assert sorted(code for *_, code in ended) == [0, 1], ended
    winner, loser = sorted(("d", "e"), key=lambda d: ended["de".index(d)][2])
    assert ended["de".index(winner)][0].strip() == "q1@1"
    assert ended["de".index(loser)][1].strip() == (
        f"The release q1 freezes {winner}; give the one of {loser} another name."
    )
    home = locate(place).home
    assert release.listed(home) == {"q1": [1]}
    assert release.load(home, "q1", verify=True).dataset == winner
    assert sorted(p.name for p in (home / "releases" / "q1").iterdir()) == ["1"]
    with Store(place) as store:
        assert store.connection.execute(
            "SELECT version, dataset FROM lake.main.releases"
        ).fetchall() == [(1, winner)]
