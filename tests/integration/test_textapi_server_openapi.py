"""The server against its OpenAPI description, by requests that schemathesis generates."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from tests.integration.test_textapi_server import KEYS, running
from textapi.messages import Operation

pytestmark = pytest.mark.thorough

# A text too long is refused with 413, which schemathesis does not expect of invalid data.
REFUSALS = [400, 401, 404, 405, 413, 415, 422]
CONFIG = schemathesis.Config.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}}
)


@pytest.fixture(scope="module")
def described() -> Iterator[schemathesis.BaseSchema]:
    with running() as server:
        yield schemathesis.openapi.from_url(f"{server.url}/openapi.json", config=CONFIG)


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("operation", Operation)
def test_every_answer_is_as_described(
    described: schemathesis.BaseSchema, operation: Operation, mode: GenerationMode
) -> None:
    @given(case=described[f"/text/{operation}"]["POST"].as_strategy(generation_mode=mode))
    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(headers={"apikey": KEYS[0]})

    check()


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_the_open_pages_are_as_described(described: schemathesis.BaseSchema, path: str) -> None:
    case = described[path]["GET"].Case()
    case.call_and_validate()
