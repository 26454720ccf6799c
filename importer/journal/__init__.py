"""The journal: what was planned, what is about to be sent, what came of it. The only user of SQLite."""
