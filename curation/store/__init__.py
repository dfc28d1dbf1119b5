"""The store: schema, connection, writing, versions, diffs, migrations and row identity."""
