"""The AT Protocol (Bluesky): repositories as files, and their records as rows."""
