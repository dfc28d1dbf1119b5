"""The command line: one file a command, in panels in the order of the work."""
