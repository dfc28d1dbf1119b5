"""The commands of curation, one file each; a file offers `register(app)` and imports what is heavy inside its function."""
