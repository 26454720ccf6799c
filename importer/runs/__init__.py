"""Runs from file to report: the only room where the stages meet. Programs call `service`."""
