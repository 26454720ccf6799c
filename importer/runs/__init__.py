"""The order of things: prepare, execute, finish. The only place where the stages meet."""
