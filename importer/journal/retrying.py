"""The statements that open failed calls again."""

from typing import Final

_SAME_ROW: Final = "r.run = operations.run AND r.source = operations.source AND r.number = operations.number"

RETRY_FAILED: Final = (
    # rows whose create failed begin anew: the create may be sent, its follow-ups wait for it
    f"""UPDATE operations SET state = CASE kind WHEN 'create' THEN 'planned' ELSE 'blocked' END
    WHERE run = :run AND body IS NOT NULL
    AND EXISTS (SELECT 1 FROM rows r WHERE {_SAME_ROW} AND r.status IN ('rejected', 'unknown'))""",
    """UPDATE rows SET status = 'pending', message = '', hint = '', finished_at = NULL,
    assign = CASE WHEN assigns THEN 'pending' ELSE '' END, events = CASE WHEN event_calls THEN 'pending' ELSE '' END
    WHERE run = :run AND status IN ('rejected', 'unknown') AND EXISTS (SELECT 1 FROM operations o
        WHERE o.run = rows.run AND o.source = rows.source AND o.number = rows.number AND o.ordinal = 0
        AND o.body IS NOT NULL)""",
    # failed and held follow-ups may be sent again, however old; events wait for an assignment that is not accepted
    f"""UPDATE operations SET doubt_at = NULL, state = CASE WHEN kind = 'event' AND EXISTS (SELECT 1 FROM operations a
        WHERE a.run = operations.run AND a.source = operations.source AND a.number = operations.number
        AND a.kind = 'assign' AND a.state != 'accepted') THEN 'blocked' ELSE 'planned' END
    WHERE run = :run AND kind != 'create' AND body IS NOT NULL AND state IN ('rejected', 'unknown', 'held')
    AND EXISTS (SELECT 1 FROM rows r WHERE {_SAME_ROW} AND r.status IN ('created', 'duplicate'))""",
    """UPDATE rows SET message = '', hint = '',
    assign = CASE WHEN assign IN ('rejected', 'unknown', 'held') THEN 'pending' ELSE assign END,
    events = CASE WHEN events IN ('rejected', 'unknown', 'held') THEN 'pending' ELSE events END
    WHERE run = :run AND status IN ('created', 'duplicate')
    AND (assign IN ('rejected', 'unknown', 'held') OR events IN ('rejected', 'unknown', 'held'))""",
)
