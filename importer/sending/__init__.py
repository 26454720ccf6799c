"""Sends a frozen plan to the CRM: queues, retries, limits, and the outcome of each request."""
