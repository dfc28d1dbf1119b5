"""The tables said once: everything derived from them agrees with them."""

from pathlib import Path

import duckdb
import pytest

from curation.store import schema

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("table", schema.TABLES.values(), ids=lambda t: t.name)
def test_ddl_makes_exactly_the_columns_and_types(table):
    with duckdb.connect() as connection:
        connection.execute(schema.ddl(table))
        made = connection.execute(f'DESCRIBE "{table.name}"').fetchall()
    types = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
    assert [(m[0], m[1], m[2]) for m in made] == [
        (c.name, types.get(c.type, c.type), "NO" if c.required else "YES") for c in table.columns
    ]


@pytest.mark.parametrize("table", schema.TABLES.values(), ids=lambda t: t.name)
def test_arrow_schema_is_what_duckdb_gives_and_takes(table):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(schema.ddl(table))
        given = connection.execute(f'SELECT * FROM "{table.name}"').to_arrow_table().schema
    for field in schema.arrow_schema(table):
        ours, theirs = field.type, given.field(field.name).type
        assert str(ours).replace("item", "l").replace("element", "l") == str(theirs).replace(
            "item", "l"
        ).replace("element", "l")


@pytest.mark.parametrize("table", schema.TABLES.values(), ids=lambda t: t.name)
def test_keys_are_columns_and_every_column_has_a_meaning(table):
    assert set(table.key) <= set(table.names)
    assert len(set(table.names)) == len(table.names)
    assert all(
        (c.meaning and c.minimum is None) or c.type in ("BIGINT", "DOUBLE") for c in table.columns
    )


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="table tags has no column nmae"):
        schema.rows("tags", [{"nmae": "x"}])


def test_the_reference_page_is_the_one_in_the_docs():
    assert (ROOT / "docs" / "tables.md").read_text(
        "utf-8"
    ).strip() == schema.reference_page().strip(), "run: botbench tables > docs/tables.md"
