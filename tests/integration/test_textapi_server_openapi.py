"""The server against its own description: whatever schemathesis makes of it is answered as it says."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from tests.integration.test_textapi_server import KEYS, running


@pytest.fixture(scope="module")
def described() -> Iterator[schemathesis.BaseSchema]:
    with running() as server:
        yield schemathesis.openapi.from_url(f"{server.url}/openapi.json")


schema = schemathesis.pytest.from_fixture("described")


@schema.parametrize()
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_answer_is_as_described(case: schemathesis.Case) -> None:
    case.call_and_validate(headers={"apikey": KEYS[0]})
