"""Tables of what a training of a network gave: epochs, predictions, and its error."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from models.tables.base import Base, JobKey, NumberKey, TextKey


class Epoch(Base):
    """One pass over the training data."""

    __tablename__ = "epochs"

    job_id: Mapped[JobKey]
    epoch: Mapped[NumberKey]
    train_loss: Mapped[float]
    validation_loss: Mapped[float | None]

    # The accuracy on the test split, as a fraction.
    accuracy: Mapped[float | None]
    seconds: Mapped[float]


class Prediction(Base):
    """The output of a trained network for one example."""

    __tablename__ = "predictions"

    job_id: Mapped[JobKey]

    # One of train, validation and test.
    split: Mapped[TextKey]
    index: Mapped[NumberKey]
    actual: Mapped[float]
    predicted: Mapped[float]


class Training(Base):
    """A training's checkpoint and, once finished, its result."""

    __tablename__ = "trainings"

    job_id: Mapped[JobKey]

    # A .npz file with weights, optimizer, generator state and epoch.
    checkpoint: Mapped[bytes | None]

    # A .npz file of the finished network.
    weights: Mapped[bytes | None]
    train_rmse: Mapped[float | None]
    validation_rmse: Mapped[float | None]
    accuracy: Mapped[float | None]
    baseline_mean: Mapped[float | None]
    baseline_last: Mapped[float | None]
    baseline_recurrence: Mapped[float | None]
    remarks: Mapped[list[str]]
