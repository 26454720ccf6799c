"""The CRM's HTTP API: the client, what its replies mean, pacing and the breaker. The only user of httpx."""
