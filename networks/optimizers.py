"""Optimizers, schedules of the learning rate, and clipping of gradients.

A network keeps all its parameters in one flat array, so an optimizer is a few operations on whole
arrays ``(n,)``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from networks.functions import Array


class Optimizer(ABC):
    """A rule that turns a gradient into a step; a checkpoint stores its ``slots`` and ``steps``."""

    slot_names: tuple[str, ...] = ()

    def __init__(self, parameters: Array) -> None:
        self.slots = {slot_name: np.zeros_like(parameters) for slot_name in self.slot_names}
        self.steps = 0
        self._scratch = np.empty_like(parameters)

    @abstractmethod
    def step(self, parameters: Array, gradient: Array, rate: float) -> None:
        """Change *parameters* in place; *gradient* may be overwritten."""


class SGD(Optimizer):
    """Stochastic gradient descent: ``w <- w - rate g``."""

    def step(self, parameters: Array, gradient: Array, rate: float) -> None:
        """Change *parameters* in place; *gradient* is overwritten."""
        self.steps += 1
        gradient *= np.array(-rate, gradient.dtype)
        parameters += gradient


class Momentum(Optimizer):
    """Polyak's heavy ball (1964): ``v <- m v - rate g``, ``w <- w + v``."""

    slot_names = ("velocity",)
    momentum = 0.9

    def step(self, parameters: Array, gradient: Array, rate: float) -> None:
        """Change *parameters* in place; *gradient* is overwritten."""
        self.steps += 1
        velocity = self.slots["velocity"]
        velocity *= self.momentum
        gradient *= -rate
        velocity += gradient
        parameters += velocity


class Adam(Optimizer):
    """Kingma and Ba (2015), algorithm 1, with the corrections folded into the rate (section 2).

    ``m <- b1 m + (1 - b1) g``, ``v <- b2 v + (1 - b2) g^2``, ``w <- w - rate' m / (sqrt(v) + e)``
    with ``rate' = rate sqrt(1 - b2^t) / (1 - b1^t)``.
    """

    slot_names = ("mean", "square")
    mean_decay = 0.9
    square_decay = 0.999
    epsilon = 1e-8

    def step(self, parameters: Array, gradient: Array, rate: float) -> None:
        """Change *parameters* in place; *gradient* stays as it is."""
        self.steps += 1
        mean, square, scratch = self.slots["mean"], self.slots["square"], self._scratch

        mean *= self.mean_decay
        np.multiply(gradient, 1.0 - self.mean_decay, out=scratch)
        mean += scratch

        square *= self.square_decay
        np.multiply(gradient, gradient, out=scratch)
        scratch *= 1.0 - self.square_decay
        square += scratch

        np.sqrt(square, out=scratch)
        scratch += self.epsilon
        np.divide(mean, scratch, out=scratch)
        square_bias = math.sqrt(1.0 - self.square_decay**self.steps)
        scratch *= rate * square_bias / (1.0 - self.mean_decay**self.steps)
        parameters -= scratch


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "momentum": Momentum, "adam": Adam}


def constant(_: float) -> float:
    """Return 1."""
    return 1.0


def linear(progress: float) -> float:
    """Fall from 1 to 0 in a straight line."""
    return 1.0 - progress


def cosine(progress: float) -> float:
    """Fall from 1 to 0 by half a cosine (Loshchilov and Hutter, 2017, eq. 5, without restarts)."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def exponential(progress: float) -> float:
    """Fall from 1 to a thousandth, by the same factor each epoch."""
    return float(0.001**progress)


# A schedule gives the factor on the learning rate in an epoch, from progress = finished epochs /
# all epochs.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "exponential": exponential,
}


def clip_by_value(gradient: Array, limit: float) -> None:
    """Clip every entry to ``-limit`` … ``limit``, in place; the direction may change."""
    np.clip(gradient, -limit, limit, out=gradient)


def clip_by_norm(gradient: Array, limit: float) -> None:
    """Scale a gradient longer than *limit* to that length, in place (Pascanu et al., 2013)."""
    norm = math.sqrt(float(gradient @ gradient))
    if norm > limit:
        gradient *= limit / norm


CLIPS: dict[str, Callable[[Array, float], None]] = {"value": clip_by_value, "norm": clip_by_norm}
