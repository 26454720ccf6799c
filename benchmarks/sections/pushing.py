"""The push: against a server that answers at once, after 50 and 200 ms, and at the published rate."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import leads
from benchmarks.contest import Goal, fresh
from benchmarks.environments import PEERS, python_of, version_of
from benchmarks.measuring import Command, Failed, Measured, measured
from benchmarks.sections.server import Traffic, target
from benchmarks.settings import Settings

_MORE_ROUNDS: Final = 2
"""How often the usual rounds are repeated for the cost of the journal: on a busy disk a round varies by a fifth."""

KEY: Final = {"SALESCHAT_API_KEY": "a-key-for-nobody"}
Build = Callable[[str], Command]


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """One push as the server saw it, with the CPU time that the client used between its first and last request."""

    process: Measured
    traffic: Traffic

    @property
    def cpu(self) -> float:
        """Microseconds of CPU time a request."""
        return self.process.cpu_between(self.traffic.begin, self.traffic.end) / self.traffic.requests * 1e6


@dataclass(kw_only=True)
class Sender:
    """A program that sends; `command` takes the server's URL."""

    name: str
    kind: str
    command: Build
    rounds: list[Pushed | None] = field(default_factory=list)
    failed: str = ""

    def median(self, what: Callable[[Pushed], float]) -> float | None:
        found = [what(each) for each in self.rounds if each]
        return median(found) if found else None


def paired(one: Sender, other: Sender, what: Callable[[Pushed], float]) -> float | None:
    """The figure of one ÷ that of the other: the median over the rounds that both have."""
    both = [what(a) / what(b) for a, b in zip(one.rounds, other.rounds, strict=False) if a and b]
    return median(both) if both else None


def per_second(pushed: Pushed) -> float:
    return pushed.traffic.per_second


def cpu(pushed: Pushed) -> float:
    return pushed.cpu


def compete(senders: list[Sender], settings: Settings, name: str, *, latency: float = 0.0) -> None:
    """Round after round, each against a fresh server."""
    running = [each for each in senders if settings.wants(each.kind)]
    for number in range(settings.repeat):
        turn = number % len(running) if running else 0
        for each in (*running[turn:], *running[:turn]):
            each.rounds.append(None)
            if each.failed or settings.time_is_up():
                each.failed = each.failed or ("" if any(each.rounds) else "not measured: the time was up")
                continue
            settings.say(f"{name}: {each.name}, round {number + 1} of {settings.repeat}")
            try:
                each.rounds[-1] = _pushed(each, settings, name, latency)
            except Failed as error:
                each.failed = f"not measured: {error}"
                settings.say(f"{name}: {each.name} {each.failed}")


def _pushed(sender: Sender, settings: Settings, name: str, latency: float) -> Pushed:
    log = settings.cache / "logs" / f"{name}-{sender.name}.log".replace("/", "-").replace(" ", "-")
    with target(settings, latency=latency) as server:
        process = measured(sender.command(server.url), log, longest=settings.longest)
        traffic = server.traffic()
    if not traffic.requests:
        raise Failed("it sent nothing")
    return Pushed(process=process, traffic=traffic)


def table(senders: list[Sender], ours: Sender, settings: Settings) -> list[str]:
    """The medians of all senders."""
    lines = [
        "| | requests | requests/s | ours ÷ its | CPU µs a request | most in flight | peak MiB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for each in senders:
        shown = next((found for found in each.rounds if found), None)
        if shown is None:
            if each.failed or settings.wants(each.kind):
                lines.append(f"| {each.name} | {each.failed or 'not measured'} | | | | | |")
            continue
        speed, share = each.median(per_second), paired(ours, each, per_second)
        lines.append(
            f"| {each.name} | {shown.traffic.requests:,} | {speed:,.0f} | {share:.2f} | {each.median(cpu):.0f}"
            f" | {max(found.traffic.most for found in each.rounds if found)}"
            f" | {each.median(lambda found: found.process.peak):.0f} |"
        )
    return lines


def importer(
    settings: Settings, file: Path, *, concurrency: int, follow_ups: bool, rate: float = 0, journal: bool = True
) -> Build:
    """Ours, as a whole process."""
    name, text = ("push-all", leads.PUSH_MAPPING + leads.FOLLOW_UPS) if follow_ups else ("push", leads.PUSH_MAPPING)
    mapping = leads.mapping_of(settings.folder, name, text)
    program = settings.importer() if journal else [settings.importer()[0], "-m", "benchmarks.without_journal"]

    def build(url: str) -> Command:
        reports = fresh(settings.cache / "reports")
        options = f"--org 1 --yes --no-canary -q --rate {rate:g} --concurrency {concurrency} --base-url {url}".split()
        arguments = ["run", str(file), "-m", str(mapping), "--reports-dir", str(reports), *options]
        good = (0,) if journal else (0, 1)
        return Command(arguments=[*program, *arguments], environment=KEY, folder=settings.repository, good=good)

    return build


def _peer(settings: Settings, environment: str, script: str, *arguments: str, stdin: Path | None = None) -> Build:
    def build(url: str) -> Command:
        python = python_of(environment, settings.cache)
        return Command(arguments=[python, str(PEERS / script), url, *arguments], folder=PEERS, stdin=stdin)

    return build


def push(settings: Settings) -> list[str]:
    """As fast as possible: create, assignment and event of every row."""
    count = settings.push_rows
    file = leads.push_csv(settings.folder, count)
    ours = Sender(
        name="importer run, 16 in flight per endpoint",
        kind="ours",
        command=importer(settings, file, concurrency=16, follow_ups=True),
    )
    bare = Sender(
        name="the same without a journal",
        kind="ours",
        command=importer(settings, file, concurrency=16, follow_ups=True, journal=False),
    )
    loop = Sender(
        name=f"a requests.Session loop (requests {version_of('requests', 'requests')})",
        kind="peers",
        command=_peer(settings, "requests", "requests_push.py", str(file), "1"),
    )
    work = str(settings.cache / "work" / "dlt")
    dlt = Sender(
        name=f"dlt {version_of('dlt', 'dlt')}, custom destination",
        kind="peers",
        command=_fresh_before(settings, _peer(settings, "dlt", "dlt_push.py", str(file), "1", work)),
    )
    messages = leads.singer_messages(settings.folder, count)
    singer = Sender(
        name=f"Singer target (singer-sdk {version_of('singer-sdk', 'singer')})",
        kind="peers",
        command=_peer(settings, "singer", "singer_target.py", "1", stdin=messages),
    )
    everybody = [ours, bare, loop, dlt, singer]
    compete(everybody, settings, "push")
    for _ in range(_MORE_ROUNDS):
        compete([ours, bare], settings, "push")
    share = paired(ours, bare, per_second)
    goals = [
        Goal(text="our requests/s ÷ the loop's", value=paired(ours, loop, per_second), limit=1.3, at_least=True),
        Goal(text="our CPU a request ÷ the loop's", value=paired(ours, loop, cpu), limit=1),
        Goal(text="what the journal costs", value=None if share is None else (1 - share) * 100, limit=15, unit=" %"),
    ]
    return [
        f"## Push as fast as it goes, {count:,} rows: create, assignment, event",
        "",
        "The server answers at once. Requests a second are counted at the server, from first request to last answer.",
        f"The cost of the journal is the median of {sum(map(bool, bare.rounds))} rounds.",
        "",
        *table(everybody, ours, settings),
        "",
        *(goal.line() for goal in goals),
    ]


def _fresh_before(settings: Settings, build: Build) -> Build:
    def building(url: str) -> Command:
        fresh(settings.cache / "work" / "dlt")
        return build(url)

    return building


def latency(settings: Settings) -> list[str]:
    """How much of what concurrency and latency allow is used."""
    count = settings.push_rows
    file = leads.push_csv(settings.folder, count)
    lines = [
        f"## Push with latency, {count:,} rows, no rate limit",
        "",
        "Allowed is concurrency ÷ latency for each endpoint. The slow start (five creates one by one) counts, too.",
        "",
        "| latency | in flight | endpoints | allowed/s | reached/s | share | CPU µs a request |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    goals = []
    for seconds, concurrency, follow_ups in ((0.05, 16, False), (0.2, 64, False), (0.2, 16, True)):
        ours = Sender(
            name=f"{seconds * 1000:.0f} ms, {concurrency} in flight{', all endpoints' if follow_ups else ''}",
            kind="ours",
            command=importer(settings, file, concurrency=concurrency, follow_ups=follow_ups),
        )
        compete([ours], settings, "latency", latency=seconds)
        endpoints = 3 if follow_ups else 1
        allowed = endpoints * concurrency / seconds
        reached, used = ours.median(per_second), ours.median(cpu)
        if reached is None or used is None:
            lines.append(f"| {ours.name} | {ours.failed} | | | | | |")
            continue
        lines.append(
            f"| {seconds * 1000:.0f} ms | {concurrency} | {endpoints} | {allowed:.0f} | {reached:.0f}"
            f" | {reached / allowed:.0%} | {used:.0f} |"
        )
        if not follow_ups:
            share = reached / allowed * 100
            goals.append(Goal(text=f"share used, {ours.name}", value=share, limit=85, at_least=True, unit=" %"))
    return [*lines, "", *(goal.line() for goal in goals)]


def rate(settings: Settings) -> list[str]:
    """At the published rate, three endpoints side by side."""
    seconds = settings.rate_seconds
    count = int(10 * seconds)
    build = importer(settings, leads.push_csv(settings.folder, count), concurrency=16, follow_ups=True, rate=10)
    log = settings.cache / "logs" / "rate.log"
    settings.say(f"rate: {count} rows at 10 a second")
    with target(settings, latency=0.2) as server:
        process = measured(build(server.url), log, longest=seconds * 2 + 120)
        traffic = server.traffic()
    lines = [
        f"## Push at the published rate, {seconds:.0f} s, 200 ms latency",
        "",
        "10 requests a second and endpoint are permitted. Counted are each endpoint's requests, and what was permitted"
        " between the first create and the endpoint's last request.",
        "",
        "| endpoint | requests | permitted | share |",
        "|---|---:|---:|---:|",
    ]
    shares = []
    for kind, arrived in traffic.arrived.items():
        permitted = 1 + 10 * (traffic.last[kind] - traffic.begin)
        shares.append(arrived / permitted * 100)
        lines.append(f"| {kind} | {arrived:,} | {permitted:,.1f} | {arrived / permitted:.1%} |")
    used = process.cpu_between(traffic.begin, traffic.end) / (traffic.end - traffic.begin)
    goal = Goal(text="the least of the three", value=min(shares), limit=99, at_least=True, unit=" %")
    return [*lines, "", goal.line(), f"- CPU used while sending: {used:.1%} of one core"]
