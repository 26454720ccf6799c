"""The journal's tables. The layout has a version: an older one is extended, a newer one is refused."""

from typing import Final

_FIRST: Final = """
CREATE TABLE realms (                       -- one server and organization: what the ledger belongs to
    id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    org TEXT NOT NULL,
    fingerprint TEXT,                       -- the learned duplicate answer, as JSON
    fingerprint_at TEXT,
    UNIQUE (origin, org)
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    command TEXT NOT NULL,
    state TEXT NOT NULL,
    realm INTEGER REFERENCES realms,
    request TEXT NOT NULL,                  -- what was asked for, as JSON
    started_at TEXT NOT NULL,
    planned_at TEXT,                        -- the plan is frozen: from here on the run can be resumed
    finished_at TEXT,
    seconds REAL NOT NULL DEFAULT 0,        -- over all its processes
    exit_code INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    canaries INTEGER NOT NULL DEFAULT 0,    -- requests that belong to no row
    estimate TEXT
);
CREATE TABLE sources (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    position INTEGER NOT NULL,
    info TEXT NOT NULL,                     -- SourceInfo as JSON
    sha256 TEXT NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY (run, position)
);
CREATE TABLE rows (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    source INTEGER NOT NULL,
    number INTEGER NOT NULL,
    line INTEGER,
    status TEXT NOT NULL,
    crm_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    cells TEXT,                             -- older than layout 5: JSON array, in the order of the source's columns
    problems TEXT,                          -- JSON array
    assigns INTEGER NOT NULL,               -- how many calls of each kind the row asks for
    event_calls INTEGER NOT NULL,
    lead_id TEXT NOT NULL DEFAULT '',
    assign TEXT NOT NULL DEFAULT '',
    events TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    hint TEXT NOT NULL DEFAULT '',
    http_status INTEGER,
    error_code INTEGER,
    finished_at TEXT,
    PRIMARY KEY (run, source, number)
);
CREATE TABLE operations (
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    source INTEGER NOT NULL,
    number INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB,                              -- NULL once settled
    state TEXT NOT NULL,                    -- see OperationState
    attempts INTEGER NOT NULL DEFAULT 0,
    throttled INTEGER NOT NULL DEFAULT 0,
    intent_at TEXT,                         -- when the last attempt began
    doubt_at TEXT,                          -- when the last attempt that may have had effect ended without an answer
    PRIMARY KEY (run, source, number, ordinal)
);
CREATE INDEX operations_open ON operations (run, kind, source, number, ordinal) WHERE state = 'planned';
CREATE INDEX operations_intent ON operations (run) WHERE state = 'intent';
CREATE TABLE leads (                        -- the ledger: what all runs together know about a realm
    realm INTEGER NOT NULL REFERENCES realms,
    crm_id TEXT NOT NULL,
    maybe INTEGER NOT NULL DEFAULT 0,       -- a request that may have created it has left this machine
    seen_in INTEGER,                        -- the run that first saw it exist
    lead_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (realm, crm_id)
) WITHOUT ROWID;
"""

_EXAMINATIONS: Final = """
CREATE TABLE examinations (                 -- what was found in the columns of a run
    run INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    mapping TEXT NOT NULL,                  -- its name; '' where the next file is not to be compared with this one
    columns TEXT NOT NULL,                  -- JSON: how full each column was
    symptoms TEXT NOT NULL,                 -- JSON; they quote cells
    changes TEXT NOT NULL,                  -- JSON: what differs from the run `compared_with`
    compared_with TEXT NOT NULL
)
"""

_PARENTS: Final = """
ALTER TABLE runs ADD COLUMN parent INTEGER REFERENCES runs ON DELETE SET NULL
"""
"""The run whose rejects.csv a run imported."""

_TRAFFIC: Final = """
CREATE TABLE traffic (                      -- attempts that ended, per endpoint and ten seconds; each counts once
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,                       -- the time without its last digit: `2026-11-22T15:04:0`
    settled INTEGER NOT NULL DEFAULT 0,     -- the call was over with it
    throttled INTEGER NOT NULL DEFAULT 0,   -- "too fast": made again later
    repeated INTEGER NOT NULL DEFAULT 0,    -- made again for any other reason
    PRIMARY KEY (run, kind, at)
) WITHOUT ROWID
"""

_BATCHES: Final = """
CREATE TABLE batches (                      -- rows in the order in which they were read; see journal/rows.py
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    source INTEGER NOT NULL,
    first INTEGER NOT NULL,                 -- the numbers of its first and last row
    last INTEGER NOT NULL,
    cells BLOB,                             -- in columns; NULL once purged, and for rows whose cells stand in `rows`
    plain BLOB,                             -- rows that have no record in `rows`, because nothing has happened to them
    plain_rows INTEGER NOT NULL DEFAULT 0,
    plain_assigns INTEGER NOT NULL DEFAULT 0,
    plain_events INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, source, first)
);
INSERT INTO batches (run, source, first, last) SELECT run, source, min(number), max(number) FROM (
    SELECT run, source, number, (row_number() OVER (PARTITION BY run, source ORDER BY number) - 1) / 20000 AS part
    FROM rows) GROUP BY run, source, part
"""

_CALLS: Final = """
ALTER TABLE batches ADD COLUMN calls BLOB
"""
"""The calls of the plain rows of a run, in columns."""

_PROBLEMS: Final = """
ALTER TABLE batches ADD COLUMN problems BLOB;
ALTER TABLE batches ADD COLUMN invalid INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN filtered INTEGER NOT NULL DEFAULT 0
"""
"""The problems of plain rows, in columns, and how many of these are not valid (`plain_rows` counts those that are)."""

_CONTACTS: Final = """
CREATE TABLE contacts (                     -- see journal/contacts.py
    run INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    pairs BLOB NOT NULL
);
CREATE TABLE contact_key (key TEXT NOT NULL);
INSERT INTO contact_key (key) VALUES (lower(hex(randomblob(8))))
"""

_REQUESTS_BY_KIND: Final = """
CREATE TABLE rows_9 (                       -- rows with a record of their own; see journal/rows.py
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    source INTEGER NOT NULL,
    number INTEGER NOT NULL,
    status TEXT NOT NULL,
    crm_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    cells TEXT,                             -- older than layout 5: JSON array, in the order of the source's columns
    problems TEXT,                          -- JSON array
    follow_ups TEXT NOT NULL DEFAULT '{}',  -- JSON: how many requests of each kind follow the create
    lead_id TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    hint TEXT NOT NULL DEFAULT '',
    http_status INTEGER,
    error_code INTEGER,
    finished_at TEXT,
    PRIMARY KEY (run, source, number)
);
INSERT INTO rows_9 SELECT run, source, number, status, crm_id, owner, cells, problems,
    CASE WHEN assigns OR event_calls THEN json_object('assign', assigns, 'event', event_calls) ELSE '{}' END,
    lead_id, message, hint, http_status, error_code, finished_at FROM rows;
DROP TABLE rows;
ALTER TABLE rows_9 RENAME TO rows;
ALTER TABLE batches RENAME COLUMN plain TO rows;
ALTER TABLE batches RENAME COLUMN plain_rows TO sendable;
ALTER TABLE batches DROP COLUMN plain_assigns;
ALTER TABLE batches DROP COLUMN plain_events;
ALTER TABLE realms RENAME TO tenants;
ALTER TABLE runs RENAME COLUMN realm TO tenant;
ALTER TABLE leads RENAME COLUMN realm TO tenant;
ALTER TABLE leads RENAME COLUMN maybe TO possibly_sent
"""
"""How many requests of each kind a row asks for is data, and how they ended is in `operations` alone: another kind of
request needs no column."""

_PLANNED_LEADS: Final = """
CREATE TABLE planned_leads (                -- what the requests of valid rows hold, for leads.csv
    run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    source INTEGER NOT NULL,
    first INTEGER NOT NULL,                 -- the number of the first row of their batch
    leads BLOB,                             -- in columns
    PRIMARY KEY (run, source, first)
)
"""
"""Not a column of `batches`, whose records are rewritten while a run is sent."""

_LEAD_PREVIEWS: Final = """
ALTER TABLE planned_leads ADD COLUMN previews TEXT
"""
"""The first leads of the run beside their cells, as JSON."""

LAYOUTS: Final = (
    _FIRST,
    _EXAMINATIONS,
    _PARENTS,
    _TRAFFIC,
    _BATCHES,
    _CALLS,
    _PROBLEMS,
    _CONTACTS,
    _REQUESTS_BY_KIND,
    _PLANNED_LEADS,
    _LEAD_PREVIEWS,
)
"""What each version of the layout changes in the one before."""

VERSION: Final = len(LAYOUTS)
