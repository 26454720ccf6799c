"""The last words of a command that made a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.cli.hook import call_hook
from importer.cli.messages import conclusion

if TYPE_CHECKING:
    from importer.cli.session import Session
    from importer.runs.run_scope import Finished


def told(session: Session, finished: Finished) -> int:
    """Print the summary, for a program or for a person, and call the user's own command; returns the exit code."""
    if session.as_json:
        session.console.document(finished.ended.document())
    else:
        session.console.result(conclusion(finished), is_styled=True)
    if session.on_finish:
        call_hook(session.on_finish, finished.ended, session.console, session.stop_request)
    return finished.ended.exit_code
