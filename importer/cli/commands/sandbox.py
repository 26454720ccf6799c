"""`importer sandbox`: a local server that speaks the Leads API."""

import json
from pathlib import Path
from typing import Any

import click

from importer.cli.options import COMMON


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port. [a free one]")
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=10.0,
    metavar="N",
    help="Requests per second and endpoint; 0 for no limit. [10]",
)
@click.option("--faults", type=click.Path(path_type=Path), metavar="FILE", help="A YAML file of faults to inject.")
@COMMON
def sandbox(**options: Any) -> int:
    """Run a local server that speaks the Leads API, on this machine only, in memory, until Ctrl-C.

    \b
    importer sandbox --port 8080
    importer sandbox --faults faults.yaml --rate 0
    """
    from importer.cli.session import session
    from importer.sandbox import Faults, Sandbox, load_faults, serve_forever

    here = session({**options, "rate": None})
    faults = load_faults(options["faults"]) if options["faults"] else Faults()
    server = Sandbox(port=options["port"], rate=options["rate"], faults=faults)

    def announce(base_url: str, api_key: str) -> None:
        if here.as_json:
            here.console.result(json.dumps({"base_url": base_url, "api_key": api_key, "org": "sandbox"}))
            return
        here.console.result(
            f"The sandbox listens at {base_url}. It is not the real API and keeps nothing when it stops (Ctrl-C).\n"
            f"  export SALESCHAT_BASE_URL={base_url} SALESCHAT_API_KEY={api_key} SALESCHAT_ORG_ID=sandbox"
        )

    serve_forever(server, announce, here.stop_request.wait)
    return 0
