"""The worker process that reads workbooks behind limits: its client, the process itself, and their protocol."""
