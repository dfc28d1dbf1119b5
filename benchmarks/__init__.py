"""Judge bot detectors on releases; imports curation, never the other way."""
