"""The validation of job messages: workers drop anything else in a queue of jobs.

A message that Celery cannot handle ends the worker or costs it a slot, and may be delivered again
without end.
"""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

# Both databases store ids up to this one.
GREATEST_ID = 2**63 - 1


class _Part(BaseModel):
    # Celery may add to what it sends.
    model_config = ConfigDict(strict=True, extra="ignore")


class _Headers(_Part):
    # Celery trips over these headers in the worker's parent, as a fuzzer found; it handles the
    # others. A task is named for a kind of jobs: workers know which there are.
    task: str = Field(pattern=r"^[a-z]+$")
    id: str = Field(min_length=1)
    retries: Annotated[int, Field(ge=0)] = 0
    # A message that is sent within a task inherits the task's limits.
    timelimit: Annotated[list[float | None], Field(min_length=2, max_length=2)] | None = None
    # Dispatch sends nothing that is due later.
    eta: None = None
    expires: None = None
    compression: None = None
    stamped_headers: list[str] | None = None
    stamps: dict[str, Any] | None = None


class _DeliveryInfo(_Part):
    exchange: str
    routing_key: str


class _Properties(_Part):
    delivery_tag: str = Field(min_length=1)
    body_encoding: Literal["base64"]
    delivery_info: _DeliveryInfo


class _Message(_Part):
    body: str
    content_type: Literal["application/json"] = Field(alias="content-type")
    content_encoding: Literal["utf-8"] = Field(alias="content-encoding")
    headers: _Headers
    properties: _Properties

    @field_validator("body")
    @classmethod
    def _holds_arguments(cls, body: str) -> str:
        match json.loads(base64.b64decode(body, validate=True)):
            case [[], {"job": int(job), "run": int(), "name": str(), **others}, dict(further)] if (
                0 < job <= GREATEST_ID and not others and not any(further.values())
            ):
                return body

        raise ValueError("not the arguments of a job's task, with no task to follow")


def job_message_problem(message: object) -> str | None:
    """Describe what is wrong with *message* from a queue; return None if a job's task can run."""
    try:
        _Message.model_validate(message)
    except ValidationError as error:
        (problem, *_) = error.errors(include_input=False, include_url=False)
        return ".".join(map(str, problem["loc"])) or "no object"
    except RecursionError:
        return "nested too deep"

    return None


def holds_job_message(stored: bytes | str) -> bool:
    """Return whether *stored*, an item of a queue, is a job message as kombu decodes it."""
    decoded = stored.decode("utf-8", "replace") if isinstance(stored, bytes) else stored
    try:
        return job_message_problem(json.loads(decoded)) is None
    except (ValueError, RecursionError):
        return False
