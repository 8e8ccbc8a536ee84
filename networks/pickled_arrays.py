"""Numpy arrays out of a pickle, without unpickling it.

A pickle is a program for a small stack machine, and some of its instructions call whatever the file names. Here the
program is read with `pickletools`, which runs nothing, and played on a machine of our own that knows plain values,
tuples, lists, dictionaries and numpy arrays of numbers. It can call nothing: a name is compared with the few that numpy
writes, never looked up. What else a file holds is refused.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from networks.errors import NetworkError
from networks.functions import Array

_ARRAY_NAMES = {"numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct"}
_BUFFER_NAMES = {"numpy.core.numeric _frombuffer", "numpy._core.numeric _frombuffer"}
_ENCODE = "_codecs encode"  # how Python 3 writes bytes for Python 2
_EMPTY = "__builtin__ bytes"  # and no bytes at all
_NAMES = {*_ARRAY_NAMES, *_BUFFER_NAMES, _ENCODE, _EMPTY, "numpy ndarray", "numpy dtype"}
_DTYPES = {
    f"{kind}{size}"
    for kind, sizes in (("b", "1"), ("u", "1248"), ("i", "1248"), ("f", "248"))
    for size in sizes
}


def read_pickled_arrays(pickled: bytes) -> Any:
    """What *pickled* holds: tuples, lists, dictionaries, plain values and arrays of numbers, nested as they are.

    Pickles of Python 2 (protocol 2) and 3 are read. Raises NetworkError, having run nothing, for any other content.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(io.BytesIO(pickled)):
            machine.play(opcode.name, argument)
        return _finished(machine.result)
    except NetworkError:
        raise
    except (
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        MemoryError,
    ) as error:
        raise NetworkError(
            f"the pickle is damaged or of a form this program does not read ({type(error).__name__}): "
            "give the IDX files or an .npz instead"
        ) from error


@dataclass(frozen=True)
class _Name:
    """The name of something that a pickle would import; here it is only a name."""

    text: str


@dataclass(eq=False)
class _Dtype:
    code: str
    order: str = "="


@dataclass(eq=False)
class _Array:
    """An array that is being put together: its values come with a later instruction."""

    values: Array | None = None


_MARK = object()


class _Machine:
    """The stack and memory of the machine, and an instruction at a time."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}
        self.result: Any = None

    def play(self, name: str, argument: Any) -> None:
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _VALUES:
            self.stack.append(argument)
        elif name in _MOVES:
            _MOVES[name](self, argument)
        elif name not in {"PROTO", "FRAME"}:
            raise NetworkError(
                f"the pickle asks for {name}, which no array needs: it was refused and nothing of it was run"
            )

    def above_mark(self) -> list[Any]:
        """Take everything down to the last mark off the stack."""
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise ValueError("no mark")
        values = self.stack[at + 1 :]
        del self.stack[at:]
        return values

    def take(self, count: int) -> tuple[Any, ...]:
        """Take *count* values off the stack, in the order they were put there."""
        if len(self.stack) < count:
            raise ValueError("the stack is empty")
        values = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        return values

    def name(self, text: str) -> None:
        if text not in _NAMES:
            raise NetworkError(
                f"the pickle names {text.replace(' ', '.')!r}, and only numpy arrays are admitted: "
                "it was refused and nothing of it was run"
            )
        self.stack.append(_Name(text))

    def stack_name(self) -> None:
        module, name = self.take(2)
        self.name(f"{module} {name}")

    def reduce(self) -> None:
        """Where a pickle would call what it named: put in its place what numpy would have made."""
        named, arguments = self.take(2)
        text = named.text
        if text in _ARRAY_NAMES:
            made: Any = _Array()
        elif text in _BUFFER_NAMES:
            buffer, dtype, shape, order = arguments
            made = _Array(_array(buffer, dtype, shape, fortran=order == "F"))
        elif text == "numpy dtype":
            made = _Dtype(_text(arguments[0]))
        elif text == _ENCODE and _text(arguments[1]) == "latin1":
            made = arguments[0].encode("latin-1")
        elif text == _EMPTY and arguments == ():
            made = b""
        else:
            raise ValueError(text)
        self.stack.append(made)

    def build(self) -> None:
        """Give an array its values, a dtype its byte order."""
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, _Dtype):
            target.order = _text(state[1])
        elif isinstance(target, _Array):
            _, shape, dtype, fortran, values = state
            target.values = _array(values, dtype, shape, fortran=bool(fortran))
        else:
            raise TypeError("only arrays have a state")

    def append(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise TypeError("no list to append to")
        self.stack[-1].extend(values)

    def set_items(self, values: list[Any]) -> None:
        if not isinstance(self.stack[-1], dict):
            raise TypeError("no dictionary to fill")
        self.stack[-1].update(zip(values[::2], values[1::2], strict=True))

    def stop(self) -> None:
        (self.result,) = self.take(1)


_CONSTANTS: dict[str, Callable[[], Any]] = {
    "MARK": lambda: _MARK,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}
_VALUES = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_MOVES: dict[str, Callable[[_Machine, Any], None]] = {
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.above_mark())),
    "TUPLE1": lambda machine, _: machine.stack.append(machine.take(1)),
    "TUPLE2": lambda machine, _: machine.stack.append(machine.take(2)),
    "TUPLE3": lambda machine, _: machine.stack.append(machine.take(3)),
    "LIST": lambda machine, _: machine.stack.append(machine.above_mark()),
    "APPEND": lambda machine, _: machine.append(list(machine.take(1))),
    "APPENDS": lambda machine, _: machine.append(machine.above_mark()),
    "SETITEM": lambda machine, _: machine.set_items(list(machine.take(2))),
    "SETITEMS": lambda machine, _: machine.set_items(machine.above_mark()),
    "BINPUT": lambda machine, at: machine.memory.__setitem__(at, machine.stack[-1]),
    "LONG_BINPUT": lambda machine, at: machine.memory.__setitem__(at, machine.stack[-1]),
    "MEMOIZE": lambda machine, _: machine.memory.__setitem__(
        len(machine.memory), machine.stack[-1]
    ),
    "BINGET": lambda machine, at: machine.stack.append(machine.memory[at]),
    "LONG_BINGET": lambda machine, at: machine.stack.append(machine.memory[at]),
    "GLOBAL": lambda machine, text: machine.name(text),
    "STACK_GLOBAL": lambda machine, _: machine.stack_name(),
    "REDUCE": lambda machine, _: machine.reduce(),
    "BUILD": lambda machine, _: machine.build(),
    "STOP": lambda machine, _: machine.stop(),
}


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _array(values: Any, dtype: _Dtype, shape: tuple[int, ...], *, fortran: bool) -> Array:
    """The array whose memory is *values*: bytes, or the text as which Python 2's bytes arrive."""
    if dtype.code not in _DTYPES:
        raise NetworkError(
            f"the pickle holds an array of {dtype.code!r}: only arrays of numbers are admitted"
        )
    raw = values.encode("latin-1") if isinstance(values, str) else values
    order = dtype.order if dtype.order in {"<", ">"} else "="
    flat = np.frombuffer(raw, np.dtype(order + dtype.code))
    return flat.reshape(shape, order="F" if fortran else "C")


def _finished(value: Any) -> Any:
    """*value* with every array in its place; a half-made one, or a name left over, is damage."""
    if isinstance(value, _Array) and value.values is not None:
        return value.values
    if isinstance(value, (tuple, list)):
        return type(value)(_finished(part) for part in value)
    if isinstance(value, dict):
        return {key: _finished(part) for key, part in value.items()}
    if isinstance(value, (_Array, _Dtype, _Name)) or value is _MARK:
        raise ValueError("an unfinished value")
    return value
