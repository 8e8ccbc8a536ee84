"""The weights of networks in a pack, without a pickle.

They are those that a training made, or those of the network that coded a run's texts.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from sqlalchemy import select

from analysis.codebooks.network import CodeNetwork, read_network
from analysis.data import MonthData, PostData
from core.atomic_files import write_atomically
from core.errors import BadInput, NotFound
from models.codes import training_of
from models.tables import Training
from models.trainings import get_trained_network
from packs import contents
from packs.archive import PackReader
from reports.data.queries import fetch_scalars
from reports.data.run_data import RunData
from reports.figures.figure_store import slug

NETWORK_FILE = f"{contents.WEIGHTS}/coder.npz"
# The file may have so many bytes.
LARGEST_NETWORK = 256 * 2**20


def write_training_weights(run_data: RunData, folder: Path) -> None:
    """Write the weights of the networks that are trained."""
    weights_folder = folder / contents.WEIGHTS
    weights_folder.mkdir()
    for job in run_data.jobs:
        job_weights = select(Training.weights).where(Training.job_id == job.id)
        for weights in fetch_scalars(run_data.db, job_weights):
            if weights is not None:
                write_atomically(folder / weights_file(job.name), weights)


def weights_file(job: str) -> str:
    """Return the name of the file with the weights of a training."""
    return f"{contents.WEIGHTS}/{slug(job)}.npz"


def name_coder_of_run(run_data: RunData) -> str | None:
    """Return the network that codes the run's texts, as `network:RUN`; None if none does."""
    network: str | None = getattr(run_data.parameters, "coding_network", None)
    return network


def write_network(run_data: RunData, folder: Path) -> CodeNetwork | None:
    """Write the network of the run and return it; None if there is none, or it was forgotten."""
    coder = name_coder_of_run(run_data)
    if coder is None:
        return None

    try:
        trained = run_data.db.fetch(get_trained_network, training_of(coder))
    except NotFound:
        return None

    path = folder / NETWORK_FILE
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, trained.weights)
    return read_network(trained.weights)


def read_packed_network(pack: PackReader) -> CodeNetwork:
    """Return the network in a pack.

    Raises `BadInput` if it is missing, malformed, or of another version of the program. Its arrays
    are not compressed, so that they are no larger than the file.
    """
    if NETWORK_FILE not in pack.names:
        raise BadInput("the network is not in the pack")

    weights = pack.read(NETWORK_FILE, LARGEST_NETWORK)
    try:
        with ZipFile(BytesIO(weights)) as arrays:
            is_compressed = any(entry.compress_type != ZIP_STORED for entry in arrays.infolist())

        if is_compressed:
            raise BadInput(f"{NETWORK_FILE}: its arrays are compressed, as no network's are")

        return read_network(weights)
    except (BadZipFile, MemoryError) as error:
        raise BadInput(f"{NETWORK_FILE}: it is no network ({type(error).__name__})") from error


def give_network(data: MonthData | PostData, network: CodeNetwork | None) -> MonthData | PostData:
    """Return what the steps of a job work on, with the network that codes its texts."""
    if network is None:
        return replace(data, read_network=None)

    async def read_given_network() -> CodeNetwork:
        return network

    return replace(data, read_network=read_given_network)
