"""A frozen plan to the CRM: queues, retries, limits, and what became of each request."""
