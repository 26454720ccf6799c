"""The words of one problem, made by themselves: an independent answer to `Problems.messages` and `Problems.hints`."""

from importer.model.problem import Problem, shown, usual_fix


def message_of(problem: Problem) -> str:
    """Column, value and rule in one sentence."""
    value = f"“{shown(problem.value)}” " if problem.value else ""
    where = f"{problem.column}{':' if value else ''} " if problem.column else ""
    return f"{where}{value}{problem.detail}"


def hint_of(problem: Problem) -> str:
    """What to do about it."""
    return problem.fix or usual_fix(problem.code)
