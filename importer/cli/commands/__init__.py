"""One file for each command; each imports the stages only when it runs."""
