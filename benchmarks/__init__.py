"""How fast the importer is, beside peers and beside what nobody can undercut: `make bench`, docs/performance.md."""
