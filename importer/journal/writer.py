"""Group commit: changes that are asked for while a commit is under way share the next one."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from importer.journal.database import HOLDER_NAME, PATIENCE, disk_error, open_database

T = TypeVar("T")

Change = Callable[[sqlite3.Connection], object]


class Writer:
    """Commits changes in the order in which they were asked for; `commit` returns once the change is on disk.

    `before_commit` is called at the end of each group, within its transaction: for what is cheaper to write once.
    Statements are executed in the event loop's own thread, a few microseconds each; a second thread would have to
    fetch the interpreter back after every single one. What waits for the disk (COMMIT) or for another process's lock
    happens in that thread.
    After the first failed commit every later one fails too: nothing may be sent that could not be written down.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._connection: sqlite3.Connection | None = None
        self._waiting: list[tuple[Change, asyncio.Future[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self.before_commit: Change | None = None

    async def commit(self, change: Change) -> None:
        """Write the change; raises LocalDiskError when the disk refuses."""
        if self._failure is not None:
            raise self._failure
        # Asking for the running loop asks the system for the process's number: the dearest part of this method.
        self._loop = self._loop or asyncio.get_running_loop()
        done = self._loop.create_future()
        self._waiting.append((change, done))
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._drain())
        await done

    async def _drain(self) -> None:
        while self._waiting:
            await _a_moment()
            group, self._waiting = self._waiting, []
            try:
                await self._write([change for change, _ in group])
            except Exception as error:  # noqa: BLE001 - the caller waits for the change and must get its error, or it waits forever
                refused = isinstance(error, sqlite3.Error | OSError)
                self._failure = disk_error(self._folder, error) if refused else error
                self._refuse([*group, *self._waiting])
                self._waiting = []
            else:
                for _, done in group:
                    if not done.done():
                        done.set_result(None)

    def _refuse(self, group: list[tuple[Change, asyncio.Future[None]]]) -> None:
        for _, done in group:
            if not done.done():
                assert self._failure is not None  # noqa: S101 - set by the caller
                done.set_exception(self._failure)

    async def _write(self, changes: list[Change]) -> None:
        if self._connection is None:
            self._connection = await self._in_thread(self._connect)
        connection = self._connection
        try:
            await self._begin(connection)
            self._apply(connection, changes)
            await self._in_thread(lambda: self._commit(connection))
        except Exception:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    async def _begin(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            await self._in_thread(lambda: _begin_patiently(connection))

    def _apply(self, connection: sqlite3.Connection, changes: list[Change]) -> None:
        for change in changes:
            change(connection)
        if self.before_commit is not None:
            self.before_commit(connection)

    def _commit(self, connection: sqlite3.Connection) -> None:
        connection.execute("COMMIT")
        # Now it is younger than the journal, until SQLite moves the -wal into that: by this `lost_commits` knows a -wal
        # that was lost from one that another program has moved. Nobody waits for the disk here.
        with suppress(OSError):
            os.utime(self._folder / HOLDER_NAME)

    def _connect(self) -> sqlite3.Connection:
        connection = open_database(self._folder, check_same_thread=False)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._connection is not None:
            await self._in_thread(self._connection.close)
        self._thread.shutdown()


async def _a_moment() -> None:
    """Until the tasks have run that were woken together with the writer: a request in flight that has its answer gives
    its slot to the next call, and the outcome of the one and the intent of the other share a commit."""
    for _ in range(2):
        await asyncio.sleep(0)


def _begin_patiently(connection: sqlite3.Connection) -> None:
    """Another process is writing, a dry run perhaps."""
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE}")
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.execute("PRAGMA busy_timeout = 0")
