"""Reading arrays of numbers from a pickle with an Unpickler that can make nothing else.

A pickle may call whatever it names. This Unpickler maps the few functions that numpy names to
stand-ins, which check the bytes, type and shape of an array before it is made, because numpy's
functions trust them. Opcodes are checked and counted first, so that the size of the input bounds
time and memory.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable
from typing import Any

import numpy as np

from networks.errors import NetworkError
from networks.functions import Array

# MNIST's file has about 100.
MAX_OPCODES = 10_000

# None of these creates objects or dictionaries: a small key can take forever to hash.
_OPCODES = {
    *("PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE"),
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINSTRING", "SHORT_BINSTRING"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("EMPTY_LIST", "LIST", "APPEND", "APPENDS"),
    *("BINPUT", "LONG_BINPUT", "MEMOIZE", "BINGET", "LONG_BINGET"),
    *("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
}
_TYPES = {"b1", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"}


def read_pickled_arrays(pickled: bytes) -> Any:
    """Return what *pickled* holds: arrays of numbers and plain values in tuples and lists.

    Pickles of Python 2 (protocol 2) and 3 are read. Raises NetworkError for any other content, of
    which nothing is run.
    """
    try:
        _check_opcodes(pickled)
        return _without_stand_ins(_ArrayUnpickler(pickled).load(), {})
    except NetworkError:
        raise
    except Exception as error:
        # A damaged pickle may raise nearly anything.
        raise NetworkError(
            f"the pickle is damaged or not supported ({type(error).__name__}): "
            "give the IDX files or an .npz instead"
        ) from error


def _check_opcodes(pickled: bytes) -> None:
    for count, (opcode, argument, _) in enumerate(pickletools.genops(pickled)):
        if opcode.name not in _OPCODES:
            raise NetworkError(f"the pickle was refused: no array needs its opcode {opcode.name}")

        # The Unpickler reserves memory up to the index of a LONG_BINPUT.
        index = argument if isinstance(argument, int) and opcode.name == "LONG_BINPUT" else 0
        if max(count, index) >= MAX_OPCODES:
            raise NetworkError(f"the pickle was refused: it has over {MAX_OPCODES:,} opcodes")


class _Stub:
    """A stand-in for a function that a pickle names: it can be called, and nothing else."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("a function has no state")


class _Dtype:
    """A stand-in for the type of an array's numbers; its byte order comes as its state."""

    def __init__(self, code: str | bytes, *_: object) -> None:
        type_name = _text(code)
        if type_name not in _TYPES:
            raise NetworkError(f"the pickle holds an array of {type_name!r}: only numbers are read")
        self.dtype: np.dtype[Any] = np.dtype(f"<{type_name}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if _text(state[1]) == ">":
            self.dtype = self.dtype.newbyteorder(">")


class _Array:
    """A stand-in for an array; its content comes as its state and is checked by *read*."""

    values: Array

    def __init__(self, read: Callable[..., Array]) -> None:
        self._read = read

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, raw = state
        self.values = self._read(raw, dtype, shape, "F" if fortran else "C")


class _ArrayUnpickler(pickle.Unpickler):
    """An Unpickler that maps each admitted name to a stand-in."""

    def __init__(self, pickled: bytes) -> None:
        super().__init__(io.BytesIO(pickled), encoding="bytes")
        # An array's bytes may be encoded from a text first.
        self._bytes_left = 2 * len(pickled)

    def find_class(self, module: str, name: str) -> Any:
        path = f"{module}.{name}".replace("numpy._core.", "numpy.core.")
        match path:
            case "numpy.ndarray":
                # This is an argument of _reconstruct, which needs no class.
                return None
            case "numpy.dtype":
                return _Stub(_Dtype)
            case "numpy.core.multiarray._reconstruct":
                return _Stub(self._create_array)
            case "numpy.core.numeric._frombuffer":
                return _Stub(self._read_array)
            # Python 3 writes bytes for Python 2 with these functions.
            case "_codecs.encode" | "__builtin__.bytes":
                return _Stub(self._encode)

        raise NetworkError(
            f"the pickle names {path!r}, and only numpy arrays are admitted: it was refused"
        )

    def _create_array(self, *_: object) -> _Array:
        return _Array(self._read_array)

    def _read_array(self, raw: Any, dtype: _Dtype, shape: Any, order: Any) -> Array:
        self._use_bytes(len(raw))
        return np.frombuffer(raw, dtype.dtype).reshape(shape, order=order)

    def _encode(self, text: str = "", encoding: str = "latin1") -> bytes:
        if encoding != "latin1":
            raise pickle.UnpicklingError(f"bytes in {encoding!r}")
        self._use_bytes(len(text))
        return text.encode(encoding)

    def _use_bytes(self, count: int) -> None:
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise NetworkError("the pickle was refused: it unpacks to far more than it holds")


def _text(text: str | bytes) -> str:
    return text.decode() if isinstance(text, bytes) else text


def _without_stand_ins(unpickled: Any, finished: dict[int, Any]) -> Any:
    """Return *unpickled* with its arrays; *finished* holds parts by id, as one may occur often."""
    if id(unpickled) in finished:
        return finished[id(unpickled)]

    result = unpickled
    if isinstance(unpickled, (tuple, list)):
        result = type(unpickled)(_without_stand_ins(part, finished) for part in unpickled)
    elif isinstance(unpickled, _Array):
        result = unpickled.values
    elif isinstance(unpickled, (_Dtype, _Stub)):
        raise pickle.UnpicklingError("an unfinished value")

    finished[id(unpickled)] = result
    return result
