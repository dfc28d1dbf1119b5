"""What the sources share: files, archives, text, JSON, mapping to the schema, staging."""
