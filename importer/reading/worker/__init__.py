"""The worker process that reads workbooks with limits: its client, the process itself, and their protocol."""
