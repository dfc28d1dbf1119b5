"""Stores as the first schema made them, for tests of what becomes of them."""

from pathlib import Path

from curation.store.connection import connect, locate

FIRST = (Path(__file__).parent / "stores" / "first_schema.sql").read_text(encoding="utf-8")
COLUMNS = {
    "claims": "claim_id, dataset, account_id, claimant, claimant_kind, answer",
    "assignments": "batch_id, account_id, copy, stratum, inclusion_probability, annotator",
}
ROWS = {
    "claims": [
        ("c1", "d", "1", "ada", "person", "bot"),
        ("c2", "d", "2", "ada", "person", "human"),
    ],
    "assignments": [("b", "1", 1, None, 0.5, "ada"), ("b", "2", 1, None, 0.25, None)],
}


def make(location, without=()):
    """A store of the first schema (but for the tables `without`) with two claims in version 2, two
    assignments in 3.
    """
    place = locate(location)
    connection = connect(place)
    connection.execute("BEGIN")
    for statement in FIRST.split(";\n"):
        if statement.strip() and not any(f'lake.main."{name}"' in statement for name in without):
            connection.execute(statement)
    connection.execute("CREATE TABLE lake.main.guard (n BIGINT)")
    connection.execute("INSERT INTO lake.main.guard VALUES (0)")
    connection.execute("CALL lake.set_commit_message('botbench', 'an empty store')")
    connection.execute("COMMIT")
    for table, rows in ROWS.items():
        connection.execute("BEGIN")
        connection.execute("UPDATE lake.main.guard SET n = n + 1")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(
            f"INSERT INTO lake.main.{table} ({COLUMNS[table]}) VALUES ({marks})", rows
        )
        connection.execute("CALL lake.set_commit_message('ada', ?)", [table])
        connection.execute("COMMIT")
    connection.close()
    return place
