"""What keeps a store in order: failures of disk and server, and what killed commands left."""
