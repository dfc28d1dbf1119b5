"""Four processes write at once: nothing is lost, nothing doubled (BOTBENCH_CHAOS_SECONDS=600 for
ten minutes).
"""

import os

SECONDS = float(os.environ.get("BOTBENCH_CHAOS_SECONDS", "4"))


def test_four_processes_lose_nothing_and_double_nothing(ground, capsys):
    with ground.fresh("empty") as (place, _):
        # The first of them makes the store.
        told = ground.warm.call("write_together", place, SECONDS, "four", patience=SECONDS + 600)
        assert None not in told, told
        found = ground.warm.call("together", place)
        accounts = sorted(a for t in told for a in t["accounts"])
        assert found["accounts"] == accounts and len(set(accounts)) == len(accounts) > 0
        assert sorted(found["tags"]) == sorted(t for w in told for t in w["tags"])
        assert len(found["messages"]) == len(set(found["messages"]))
        assert {a for t in told for a in t["accounts"]} >= set(found["messages"])
        looked = ground.warm.call("look", place)
        assert not looked["ill"] and not looked["left"], looked
        assert not looked["orphans"] or looked["orphans"] == ["No file is left over."]
    if "BOTBENCH_CHAOS_SECONDS" in os.environ:
        with capsys.disabled():
            print(
                f"\n4 writers on {ground.catalog} for {SECONDS:g} s: {len(found['messages'])}"
                f" versions, {len(accounts)} rows, {len(found['tags'])} tags; longest wait"
                f" {max(t['seconds'] for t in told):.1f} s"
            )
