"""The CRM's HTTP API: the client, what its responses mean, rate limits and outages. The only user of httpx."""
