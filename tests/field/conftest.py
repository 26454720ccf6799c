from tests.cli.command_line import command_line, sandbox

__all__ = ["command_line", "sandbox"]
