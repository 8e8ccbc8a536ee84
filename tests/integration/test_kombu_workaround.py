"""Redis goes away while a worker has a hint in hand."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from kombu import Connection, Consumer, Producer, Queue
from kombu.common import ignore_errors
from kombu.transport.redis import Channel as KombuChannel
from kombu.transport.redis import Transport

from tests.services import running_valkey
from workers.kombu_workaround import Channel


def lose_redis(folder: Path) -> None:
    """Do what Celery's consumer does: listen on two channels, lose Redis, collect, close."""
    with running_valkey(folder) as url:
        connection = Connection(url, transport_options={"socket_connect_timeout": 1})
        Producer(connection.default_channel).publish(
            {"job": 1}, routing_key="text", declare=[Queue("text")]
        )
        channels = {"text": connection.default_channel, "training": connection.channel()}
        consumers = [
            Consumer(channel, [Queue(name)], on_message=print) for name, channel in channels.items()
        ]
        for consumer in consumers:
            consumer.consume()

        connection.drain_events(timeout=60)
        for channel in channels.values():
            channel._brpop_start()

    with suppress(connection.connection_errors):
        connection.collect()

    ignore_errors(connection, connection.close)


def test_a_worker_that_loses_redis_with_a_hint_in_hand_only_loses_a_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transport, "Channel", Channel)
    lose_redis(tmp_path)


def test_kombus_own_channel_takes_it_for_a_fault_or_ours_is_no_longer_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transport, "Channel", KombuChannel)
    with pytest.raises(AttributeError, match="hostname"):
        lose_redis(tmp_path)
