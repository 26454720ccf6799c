"""report.html: one page that says what happened, needs no network, and shows text of cells as text only."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from importer.model.operation import Kind
from importer.model.outcome import STATUSES, FollowUp
from importer.model.visible import visible
from importer.reporting.page.charts import MEANINGS, shares, traffic_picture
from importer.reporting.private_files import replacing_text
from importer.reporting.status_text import duration, ending, place, sentence

if TYPE_CHECKING:
    from importer.model.run import RunReport
    from importer.reporting.overview import Overview

OWNERS_SHOWN: Final = 50
_CODE: Final = re.compile("`([^`]+)`")


def write_html(path: Path, run: RunReport, overview: Overview) -> None:
    """Write the page from what the overview has seen of the rows. Raises LocalDiskError."""
    environment = _environment()
    script, style = (_source(environment, name) for name in ("report.js", "report.css"))
    page = environment.get_template("report.html.j2").stream(
        run=run,
        overview=overview,
        sentence=sentence(run, attention=overview.attention_count),
        ending=ending(run),
        shares=shares(run.counts),
        traffic=traffic_picture(run.traffic),
        took=duration(run.seconds),
        estimate=duration(run.estimate.seconds),
        owners=run.assigned[:OWNERS_SHOWN],
        script=Markup(script),  # noqa: S704 (the program's own file)
        style=Markup(style),  # noqa: S704 (the program's own file)
        policy=_policy(script, style),
    )
    page.enable_buffering(100)
    with replacing_text(path) as file:
        file.writelines(page)


def _visible(value: object) -> object:
    """A text as it is shown: characters that turn the direction of text could make a cell look like something else."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value, keep="\t\n", longest=None)
    return value


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("importer.reporting.page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(kinds=list(Kind), STATUSES=STATUSES, MEANINGS=MEANINGS, FollowUp=FollowUp, place=place)
    environment.filters["with_code"] = _with_code
    environment.filters["file_name"] = lambda text: Path(text).name
    return environment


def _with_code(text: str) -> Markup:
    """The text, escaped, with what is between backquotes shown as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(_visible(text)))))  # noqa: S704 - escaped first


def _source(environment: Environment, name: str) -> str:
    loader = environment.loader
    assert loader is not None  # noqa: S101 (set above; for the type checker)
    return loader.get_source(environment, name)[0]


def _policy(script: str, style: str) -> str:
    """A content security policy: nothing is loaded, and only this script and this style are used."""
    own = f"script-src {_digest(script)}; style-src {_digest(style)}"
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
