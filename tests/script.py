"""Run the text of a program, as ``python -c`` does, where `tests.warm_python` forks the process."""

import sys

_, program, *words = sys.argv
sys.argv = ["-c", *words]
exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - a test's own
