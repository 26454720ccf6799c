from tests.cli.command_line import command_line

__all__ = ["command_line"]
