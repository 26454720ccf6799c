"""The options of the calls. They are those of the commands, and say the same."""

import os
from typing import Literal, TypedDict


class SuggestOptions(TypedDict, total=False):
    """How to read the file; what is left out is detected."""

    sheet: str
    header_row: int
    encoding: str
    delimiter: str


class ServerOptions(TypedDict, total=False):
    """Settings; what is left out comes from the environment and `importer.toml`, as for the command."""

    profile: str
    reports_dir: str | os.PathLike[str]
    org: str
    base_url: str
    rate: float
    skip_known: bool


class CheckOptions(SuggestOptions, ServerOptions, total=False):
    """The options of `importer check`."""

    limit: int
    max_invalid: int | str
    run_name: str


class SendingOptions(ServerOptions, total=False):
    """How to send. `api_key` (or `token`) is used for this call alone and is written down nowhere."""

    api_key: str
    token: str
    api_key_file: str | os.PathLike[str]
    ca_file: str | os.PathLike[str]
    proxy: str
    allow_private: bool
    concurrency: int
    settle: float
    timeout: float
    on_duplicate: Literal["skip", "follow-up"]
    accept_drift: bool
    assume_new: bool
    canary: bool


class RunOptions(CheckOptions, SendingOptions, total=False):
    """The options of `importer run`."""

    again: bool
    sandbox: bool


class ResumeOptions(SendingOptions, total=False):
    """The options of `importer resume`."""

    retry_failed: bool
