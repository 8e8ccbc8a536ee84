"""Files of digits and columns: each format is read, everything else refused, no pickle run."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks.errors import NetworkError
from networks.files import read_column, read_idx, read_images, read_inputs
from networks.pickled_arrays import read_pickled_arrays


def idx(values: np.ndarray) -> bytes:
    return (
        bytes([0, 0, 8, values.ndim])
        + struct.pack(f">{values.ndim}I", *values.shape)
        + values.astype("u1").tobytes()
    )


GENERATOR = np.random.default_rng(1)
TRAIN = GENERATOR.integers(0, 256, (12, 2, 3)), np.arange(12) % 4
TEST = GENERATOR.integers(0, 256, (5, 2, 3)), np.arange(5) % 4


def mnist_folder(folder: Path, pack: Callable[[bytes], bytes] = bytes, suffix: str = "") -> Path:
    for stem, (x, y) in (("train", TRAIN), ("t10k", TEST)):
        (folder / f"{stem}-images-idx3-ubyte{suffix}").write_bytes(pack(idx(x)))
        (folder / f"{stem}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(y)))
    return folder


@pytest.mark.parametrize(("pack", "suffix"), [(bytes, ""), (gzip.compress, ".gz")])
def test_a_folder_of_idx_files_is_split_and_scaled(
    tmp_path: Path, pack: Callable[[bytes], bytes], suffix: str
) -> None:
    data = read_images(mnist_folder(tmp_path, pack, suffix), dtype=np.float64)
    assert (len(data.train), len(data.validation), data.input_size, data.output_size) == (
        10,
        2,
        6,
        4,
    )
    assert np.array_equal(data.train.x, TRAIN[0][:10].reshape(10, 6) / 255)
    assert np.array_equal(data.validation.x, TRAIN[0][10:].reshape(2, 6) / 255)
    assert data.validation.index.tolist() == [10, 11]
    assert data.train.y[5].tolist() == [0, 1, 0, 0]
    assert data.test is not None
    assert np.array_equal(data.test.y.argmax(axis=1), TEST[1])


def test_an_npz_gives_the_same_data_as_the_folder(tmp_path: Path) -> None:
    bytes_of = [array.astype(np.uint8) for pair in (TRAIN, TEST) for array in pair]
    np.savez(
        tmp_path / "a.npz",
        **dict(zip(("x_train", "y_train", "x_test", "y_test"), bytes_of, strict=True)),
    )
    from_npz = read_images(tmp_path / "a.npz", dtype=np.float32)
    from_folder = read_images(mnist_folder(tmp_path), dtype=np.float32)
    assert np.array_equal(from_npz.train.x, from_folder.train.x)
    assert np.array_equal(from_npz.validation.y, from_folder.validation.y)


def test_an_npy_by_the_name_of_an_npz_is_named_as_such(tmp_path: Path) -> None:
    with (tmp_path / "x.npz").open("wb") as file:
        np.save(file, np.zeros((3, 3)))

    for read in (read_inputs, lambda path: read_images(path, dtype="f8")):
        with pytest.raises(NetworkError, match=r"is a single array, a \.npy by another name"):
            read(tmp_path / "x.npz")


def test_an_npz_of_one_set_is_split_always_the_same_way(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(72.0).reshape(36, 2), y=np.arange(36) % 3)
    once, twice = (read_images(tmp_path / "a.npz", dtype=np.float64) for _ in range(2))
    assert once.test is not None
    assert (len(once.train), len(once.validation), len(once.test)) == (25, 5, 6)
    assert np.array_equal(once.train.x, twice.train.x)
    rows = np.concatenate([part.x[:, 0] for part in (once.train, once.validation, once.test)])
    assert sorted(np.round(once.scaling.undo(rows))) == list(range(0, 72, 2))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_of_arrays_is_read(tmp_path: Path, protocol: int) -> None:
    pairs = tuple(
        (part[0].reshape(len(part[0]), -1).astype(np.float32) / 255, part[1].astype(np.int64))
        for part in (TRAIN, TEST, TEST)
    )
    (tmp_path / "mnist.pkl.gz").write_bytes(gzip.compress(pickle.dumps(pairs, protocol)))
    data = read_images(tmp_path / "mnist.pkl.gz", dtype=np.float32)
    assert (len(data.train), len(data.validation)) == (12, 5)
    assert np.allclose(data.scaling.undo(data.train.x), pairs[0][0], atol=1e-6)


def test_a_pickle_of_python_2_is_read() -> None:
    # As Python 2 wrote the MNIST file: protocol 2, bytes as text, numpy's old module names.
    raw = np.array([[1.5, -2.0]], "<f4").tobytes()
    pickled = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03"
        b"(K\x01K\x01K\x02\x86cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U" + bytes([len(raw)]) + raw + b"tb."
    )
    assert read_pickled_arrays(pickled).tolist() == [[1.5, -2.0]]


arrays = st.sampled_from(["u1", "<i4", ">i8", "<f4", ">f8", "?"]).flatmap(
    lambda dtype: st.tuples(st.integers(0, 3), st.integers(1, 4)).map(
        lambda shape: (np.arange(shape[0] * shape[1]) % 2).reshape(shape).astype(dtype)
    )
)


@given(
    st.lists(st.one_of(arrays, st.integers(), st.text(), st.binary(), st.none()), max_size=5),
    st.integers(2, 5),
)
def test_plain_values_and_arrays_come_back_as_they_were(values: list[Any], protocol: int) -> None:
    content = (values, [np.asfortranarray(np.eye(2, 3))])
    loaded = read_pickled_arrays(pickle.dumps(content, protocol))
    assert len(loaded[0]) == len(values)
    for value, again in zip(values, loaded[0], strict=True):
        if isinstance(value, np.ndarray):
            assert again.dtype == value.dtype

        assert np.array_equal(again, value) if isinstance(value, np.ndarray) else again == value

    assert np.array_equal(loaded[1][0], np.eye(2, 3))


def test_a_refused_pickle_names_what_it_would_call() -> None:
    with pytest.raises(
        NetworkError, match=r"names 'posix\.system', and only numpy arrays are admitted"
    ):
        read_pickled_arrays(pickle.dumps(Runs(os.system, "true"), 4))


class Runs:
    """A pickle of this calls *function* when it is unpickled."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("nested", [False, True])
def test_a_pickle_that_would_run_a_command_is_refused_and_does_not(
    tmp_path: Path, protocol: int, nested: bool
) -> None:
    marker = tmp_path / "marker"
    malicious: Any = Runs(os.system, f"touch {marker}")
    pickled = pickle.dumps((np.zeros(3), [malicious]) if nested else malicious, protocol)
    path = tmp_path / "mnist.pkl"
    path.write_bytes(pickled)
    with pytest.raises(NetworkError, match=r"refused|damaged"):
        read_images(path, dtype=np.float32)

    assert not marker.exists()
    pickle.loads(pickled)  # noqa: S301 - it would have run
    assert marker.exists()


@pytest.mark.parametrize(
    "malicious",
    [
        Runs(eval, "1 / 0"),
        Runs(np.load, "file"),
        Runs(np.frombuffer, b"12345678"),
        np.array([{"an": "object"}], dtype=object),
        np.zeros(2, dtype="datetime64[s]"),
        {1, 2},
        {"of": np.zeros(3)},
        3 + 4j,
        b"".join,
    ],
)
def test_other_objects_than_arrays_of_numbers_are_refused(malicious: Any) -> None:
    with pytest.raises(NetworkError):
        read_pickled_arrays(pickle.dumps([malicious], 4))


@pytest.mark.parametrize(
    "pickled",
    [
        b"i os\nsystem\n.",  # INST calls at once
        b"(S'ls'\nios\nsystem\n.",
        b"\x80\x04\x82\x01.",  # an extension code
        b"P1\n.",  # a persistent id
        b"\x80\x02cnumpy\nndarray\n)\x81.",  # NEWOBJ
        b"\x80\x02cnumpy\ndtype\nU\x02f4\x85R}U\x07__doc__U\x01xsb.",  # a state that is no state
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R.",  # an array that never gets its values
        b"\x80\x02cnumpy\ndtype\n.",
        b"\x80\x02(.",
        b"\x80\x02h\x05.",
        b"\x80\x02t.",
        b"\x80\x02]K\x01K\x02s.",
        b"",
        b"\x80\x04",
        b"(((((((((",
    ],
)
def test_a_malformed_pickle_is_refused(pickled: bytes) -> None:
    with pytest.raises(NetworkError):
        read_pickled_arrays(pickled)


def test_a_pickle_whose_tuples_double_ends(tmp_path: Path) -> None:
    doublings = b"".join(b"q%ch%c\x86" % (index, index) for index in range(1, 33))
    path = tmp_path / "mnist.pkl"
    path.write_bytes(b"\x80\x02)" + doublings + b".")
    assert path.stat().st_size < 170
    with pytest.raises(NetworkError, match="does not hold three pairs"):
        read_images(path, dtype=np.float32)


@pytest.mark.parametrize(
    ("pickled", "message"),
    [
        (b"\x80\x02" + b"N" * 10_001 + b".", "over 10,000 opcodes"),
        (b"\x80\x02Nr\xff\xff\xff\x7f.", "over 10,000 opcodes"),  # reserves memory for an index
        (b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"abc.", "damaged"),
        (b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"N.", "damaged"),
        (  # a thousand bytes of one text, a hundred times
            b"\x80\x02X\xe8\x03\0\0" + b"a" * 1000 + b"q\0c_codecs\nencode\nq\1"
            b"X\6\0\0\0latin1q\2" + b"h\1h\0h\2\x86R" * 100 + b".",
            "unpacks to far more than it holds",
        ),
        (b"\x80\x02c_codecs\nencode\nX\1\0\0\0aX\6\0\0\0rot-13\x86R.", "damaged"),
        (b"\x80\x02c_codecs\nencode\nN}X\1\0\0\0aNs\x86b.", "no array needs its opcode EMPTY_DICT"),
        (b"\x80\x02c_codecs\nencode\nNb.", "damaged"),  # a state for a function
    ],
)
def test_a_pickle_that_would_take_much_from_little_is_refused(pickled: bytes, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        read_pickled_arrays(pickled)


def test_a_shape_beyond_the_bytes_given_is_refused() -> None:
    pickled = pickle.dumps(np.zeros(3, np.uint8), 2)
    assert pickled.count(b"K\x03\x85") == 1
    with pytest.raises(NetworkError, match="damaged"):
        read_pickled_arrays(pickled.replace(b"K\x03\x85", b"J\xff\xff\xff\x7f\x85"))


def test_a_compressed_file_is_unpacked_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("networks.files.MAX_UNPACKED_BYTES", 1000)
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(b"N" * 1001))
    with pytest.raises(NetworkError, match="unpacks to more than 1,000 bytes"):
        read_images(path, dtype=np.float32)

    path.write_bytes(gzip.compress(b"N" * 1000))
    with pytest.raises(NetworkError, match="damaged"):
        read_images(path, dtype=np.float32)


def test_a_compressed_file_is_unpacked_to_so_many_times_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("networks.files.MIN_UNPACKED_BYTES", 1000)
    packed = gzip.compress(b"N" * 100_000)
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(packed)
    with pytest.raises(NetworkError, match=rf"unpacks to more than {30 * len(packed):,} bytes"):
        read_images(path, dtype=np.float32)


def test_an_npz_is_unpacked_to_so_many_times_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("networks.files.MIN_UNPACKED_BYTES", 1000)
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros((1000, 784), np.uint8))
    bound = 30 * path.stat().st_size
    with pytest.raises(NetworkError, match=rf"unpacks to more than {bound:,} bytes"):
        read_inputs(path)

    np.savez_compressed(path, x=GENERATOR.integers(0, 256, (1000, 784), np.uint8))
    assert read_inputs(path).shape == (1000, 784)


def test_an_npz_that_says_it_unpacks_to_less_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros((1000, 784), np.uint8))
    size = struct.pack("<I", zipfile.ZipFile(path).infolist()[0].file_size)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<I", 500)))
    with pytest.raises(NetworkError, match=r"is no \.npz of plain arrays"):
        read_inputs(path)


@given(st.integers(0, 2000), st.binary(max_size=20))
def test_a_damaged_npz_is_read_or_refused(place: int, noise: bytes) -> None:
    out = io.BytesIO()
    np.savez_compressed(out, x=np.arange(60.0).reshape(20, 3))
    content = bytearray(out.getvalue())
    content[place % len(content) : place % len(content) + len(noise)] = noise
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        file.write(content)
        file.flush()
        try:
            assert read_inputs(file.name).ndim == 2
        except NetworkError as error:
            assert file.name in str(error)  # noqa: PT017


@given(st.binary(max_size=60))
def test_random_bytes_are_read_or_refused(noise: bytes) -> None:
    good = pickle.dumps(np.arange(3.0), 4)
    for pickled in (noise, good[:20] + noise, good[: len(noise)] + noise + good[len(noise) :]):
        try:
            read_pickled_arrays(pickled)
        except NetworkError:
            continue


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no IDX file"),
        (b"nonsense", "no IDX file"),
        (idx(np.zeros((3, 3)))[:-1], "holds 8 bytes of values, its header says 9"),
        (idx(np.zeros((3, 3))) + b"x", "holds 10 bytes of values, its header says 9"),
        (gzip.compress(idx(np.zeros((3, 3))), mtime=0)[:-9], "compressed content is damaged"),
    ],
)
def test_a_damaged_idx_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=message):
        read_idx(path)


@pytest.mark.parametrize(
    ("name", "arrays", "message"),
    [
        ("a.npz", {"x_train": np.zeros((6, 2))}, "holds x_train: give"),
        ("a.npz", {"x": np.zeros((6, 2)), "y": np.zeros(5, int)}, "as many labels as images"),
        ("a.npz", {"x": np.zeros((6, 2)), "y": np.full(6, -1)}, "labels are not classes"),
        ("a.npz", {"x": np.full((6, 2), np.nan), "y": np.zeros(6, int)}, "no finite numbers"),
        ("a.npz", {"x": np.zeros((0, 2)), "y": np.zeros(0, int)}, "is empty"),
        ("a.txt", {"x": np.zeros(3)}, "is no set of images"),
    ],
)
def test_images_that_do_not_fit_are_refused(
    tmp_path: Path, name: str, arrays: dict[str, np.ndarray], message: str
) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    (tmp_path / name).write_bytes(buffer.getvalue())
    with pytest.raises(NetworkError, match=message):
        read_images(tmp_path / name, dtype=np.float32)


def test_a_folder_that_lacks_a_file_names_it(tmp_path: Path) -> None:
    (mnist_folder(tmp_path) / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(NetworkError, match="no file t10k-labels-idx"):
        read_images(tmp_path, dtype=np.float32)


def test_new_images_are_flat_and_unscaled(tmp_path: Path) -> None:
    assert read_inputs(mnist_folder(tmp_path)).tolist() == TEST[0].reshape(5, 6).tolist()
    np.savez(tmp_path / "new.npz", x=np.ones((2, 3, 4)))
    assert read_inputs(tmp_path / "new.npz").shape == (2, 12)


def test_a_column_is_read_with_its_gaps(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        '\ufeffmonth, mood \n2020-01,0.5\n2020-02,\n"2020-03",-1e-1\n', encoding="utf-8"
    )
    assert read_column(path, "mood") == [0.5, None, -0.1]


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        (b"a,b\n1,2\n", "c", "no column 'c': it has a, b"),
        (b"a\n1\nx\n", "a", "line 3: 'x' is no finite number"),
        (b"a\nnan\n", "a", "'nan' is no finite number"),
        (b"a\n\xff\n", "a", "not in UTF-8"),
        (b"", "a", "no header"),
    ],
)
def test_a_column_that_cannot_be_read_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, column: str, message: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=message):
        read_column(path, column)


@pytest.mark.real_data
def test_mnist_is_split_as_the_contract_says() -> None:
    folder = os.environ.get("TIDINGS_REAL_DATA")
    if not folder:
        pytest.skip("TIDINGS_REAL_DATA does not name the folder of real data")

    data = read_images(Path(folder) / "digits", dtype=np.float32)
    assert data.test is not None
    assert (len(data.train), len(data.validation), len(data.test)) == (50_000, 10_000, 10_000)
    assert (data.input_size, data.output_size) == (784, 10)
    assert data.validation.index[0] == 50_000
