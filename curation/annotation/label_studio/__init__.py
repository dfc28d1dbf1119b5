"""Label Studio: client, server, labelling page, push, sync and results."""
