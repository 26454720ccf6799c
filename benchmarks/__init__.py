"""How fast the importer is, compared with peers and with a lower bound: `make bench`, docs/performance.md."""
