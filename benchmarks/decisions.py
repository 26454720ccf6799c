"""The measurements that docs/decisions/ quotes: `python benchmarks/decisions.py [NAME...]`.

They compare ways of doing one thing on one machine; only numbers of one table may be compared. Libraries that were
considered but not chosen (typer, cyclopts, fastexcel) are left out where they are not installed.
"""

import asyncio
import csv
import importlib.util
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

ROUNDS = 3
COMMANDS = {
    "argparse": "import argparse; argparse.ArgumentParser('x').parse_args(['--help'])",
    "click": "import click; click.command()(lambda: None).main(['--help'], 'x')",
    "typer": "import typer; a = typer.Typer(); a.command()(lambda: None); a(['--help'], 'x')",
    "cyclopts": "import cyclopts; a = cyclopts.App('x'); a.default(lambda: None); a(['--help'])",
}
SERVER = """
import asyncio
ANSWER = b"HTTP/1.1 202 Accepted\\r\\ncontent-length: 0\\r\\n\\r\\n"
async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\\r\\n\\r\\n"):
            length = [l for l in head.lower().split(b"\\r\\n") if l.startswith(b"content-length:")]
            await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds, the median of some rounds."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def say(what: str, figure: float, unit: str) -> None:
    print(f"  {what:<44} {figure:>12,.1f} {unit}")


def command_line() -> None:
    installed = {name: code for name, code in COMMANDS.items() if importlib.util.find_spec(name)}
    for name, code in installed.items():
        seconds = timed(partial(subprocess.run, [sys.executable, "-c", code], capture_output=True), 11)
        say(f"--help with {name}", seconds * 1000, "ms")
    seconds = timed(lambda: subprocess.run([sys.executable, "-m", "importer", "--help"], capture_output=True), 11)
    say("importer --help", seconds * 1000, "ms")


def http_client() -> None:
    import httpx

    from importer.crm.connections import Connections, Guard

    body = b'{"user_id":"1"}'

    async def rate(put: Callable[[], Awaitable[object]], in_flight: int, requests: int) -> float:
        left = iter(range(requests))

        async def worker() -> None:
            for _ in left:
                await put()

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(in_flight)))
        return requests / (time.perf_counter() - began)

    async def pool(port: int, in_flight: int, requests: int) -> float:
        limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
        async with httpx.AsyncClient(limits=limits) as client:
            return await rate(lambda: client.put(f"http://127.0.0.1:{port}/", content=body), in_flight, requests)

    async def connections(port: int, in_flight: int, requests: int) -> float:
        origin = httpx.URL(f"http://127.0.0.1:{port}")
        ours = Connections(httpx.create_ssl_context(), Guard(origin, allow_private=False))
        figure = await rate(lambda: ours.exchange(httpx.Request("PUT", origin, content=body)), in_flight, requests)
        await ours.aclose()
        return figure

    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        for in_flight in (1, 8, 16, 32, 64):
            requests = 300 if in_flight > 16 else 1000
            for name, push in (("httpx's own pool", pool), ("Connections", connections)):
                rates = [asyncio.run(push(port, in_flight, requests)) for _ in range(ROUNDS)]
                say(f"{in_flight} in flight, {name}", statistics.median(rates), "requests/s")
        server.terminate()


def workbooks() -> None:
    import openpyxl
    import xlsxwriter

    rows = 20_000
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/rows.xlsx"
        with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
            sheet = book.add_worksheet()
            for row in range(rows):
                sheet.write_row(row, 0, [f"text {row} {column}" if column % 2 else row for column in range(12)])

        def openpyxl_reads() -> None:
            for _ in openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True):
                pass

        readers: dict[str, Callable[[], object]] = {
            "openpyxl, read_only": openpyxl_reads,
        }
        if importlib.util.find_spec("python_calamine"):
            from python_calamine import CalamineWorkbook

            readers["python-calamine"] = lambda: CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
        if importlib.util.find_spec("fastexcel"):
            import fastexcel

            readers["fastexcel"] = lambda: fastexcel.read_excel(path).load_sheet(0, header_row=None).to_arrow()
        for name, read in readers.items():
            say(f"12 columns, {name}", rows / timed(read), "rows/s")


def delimited() -> None:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.csv

    rows = 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([[f"text {row} {column}" for column in range(12)] for row in range(rows)])

        def standard_library_reads() -> None:
            with path.open(newline="", encoding="utf-8") as file:
                for _ in csv.reader(file):
                    pass

        options = pyarrow.csv.ConvertOptions(column_types={f"f{n}": pa.string() for n in range(12)})
        plain = pyarrow.csv.ReadOptions(autogenerate_column_names=True)
        say("csv of the standard library", rows / timed(standard_library_reads), "rows/s")
        say("pandas.read_csv(dtype=str)", rows / timed(lambda: pd.read_csv(path, dtype=str, header=None)), "rows/s")
        arrow = timed(lambda: pyarrow.csv.read_csv(path, read_options=plain, convert_options=options))
        say("pyarrow.csv", rows / arrow, "rows/s")


def phone_numbers() -> None:
    import pandas as pd
    import phonenumbers

    from importer.mapping.values.phone import phones

    rng, count = random.Random(7), 20_000
    texts = [f"+91 9{rng.randrange(10**9):09d}"[: 14 if n % 50 else 9] for n in range(count)]

    def one_by_one() -> None:
        for text in texts:
            number = phonenumbers.parse(text, "IN")
            phonenumbers.is_valid_number(number)
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    series = pd.Series(texts, dtype="str")
    phones(series, "IN", None)
    say("phonenumbers, one by one", count / timed(one_by_one), "numbers/s")
    say(
        "importer.mapping.values.phone.phones, a column", count / timed(lambda: phones(series, "IN", None)), "numbers/s"
    )


def journal() -> None:
    with tempfile.TemporaryDirectory(dir=".") as folder:
        for mode, synchronous in (("WAL", "FULL"), ("WAL", "NORMAL"), ("DELETE", "FULL")):
            for rows in (1, 32):
                connection = sqlite3.connect(f"{folder}/{mode}{synchronous}{rows}.sqlite3", isolation_level=None)
                connection.execute(f"PRAGMA journal_mode = {mode}")
                connection.execute(f"PRAGMA synchronous = {synchronous}")
                connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")

                def commit(connection: sqlite3.Connection = connection, rows: int = rows) -> None:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.executemany("INSERT INTO t (b) VALUES (?)", [("x" * 300,)] * rows)
                    connection.execute("COMMIT")

                say(f"a commit of {rows} rows, {mode} and {synchronous}", timed(commit, 200) * 1000, "ms")
                connection.close()


def pandera() -> None:
    import pandas as pd
    import pandera.pandas as pa

    checks = {
        "first_name": pa.Column(
            str, [pa.Check.str_length(1, 128), pa.Check(lambda s: ~s.str.contains("*", regex=False))]
        ),
        "crm_id": pa.Column(str, pa.Check.str_length(1, 128)),
        "phone_number": pa.Column(str, pa.Check.str_matches(r"^\+[1-9][0-9]{6,14}$")),
    }
    schema = pa.DataFrameSchema(checks)
    for rows in (100, 1_000, 20_000):
        frame = pd.DataFrame({name: ["+919000000001"] * rows for name in checks}, dtype="str")
        say(f"a call with {rows:,} rows", timed(partial(schema.validate, frame, lazy=True), 11) * 1000, "ms")


MEASUREMENTS = {
    "command-line": command_line,
    "http-client": http_client,
    "workbook-reader": workbooks,
    "csv-reader": delimited,
    "phones": phone_numbers,
    "journal": journal,
    "pandera": pandera,
}


def main(names: list[str]) -> int:
    """Print the named measurements, or all."""
    for name in names or MEASUREMENTS:
        print(name)
        MEASUREMENTS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
