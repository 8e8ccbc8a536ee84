"""The ledger on both databases: claims of answers, what is stored, calls counted and capped."""

from __future__ import annotations

import threading

from sqlalchemy import func, select, update

from models.answers import (
    CallCounts,
    calls_by_minute,
    claim_answers,
    delete_expired_claims,
    read_answers,
    release_claims,
    stored_keys,
)
from models.database import Database
from models.run_transitions import resume_run
from models.runs import reserve_call
from models.tables import AnswerClaim, Call, Job
from tests.fetcher_kit import again, let_claims_run_out, new_claims, store

KEYS = [bytes([number]) * 16 for number in range(8)]


def test_two_that_want_the_same_answer_make_one_call(db: Database) -> None:
    first, second = new_claims(db)
    assert claim_answers(db, first, KEYS[:5], seconds=30) == dict.fromkeys(KEYS[:5], 0)
    assert claim_answers(db, second, KEYS[3:], seconds=30) == dict.fromkeys(KEYS[5:], 0)
    store(db, first, KEYS[:5])
    assert claim_answers(db, second, KEYS[:5], seconds=30) == {}
    with db.read() as connection:
        assert stored_keys(connection, KEYS) == set(KEYS[:5])
        assert set(connection.scalars(select(AnswerClaim.key))) == set(KEYS[5:])


def test_many_that_claim_at_once_never_win_the_same_key_nor_wait_for_each_other(
    db: Database,
) -> None:
    claims = new_claims(db, jobs=6)
    keys = [number.to_bytes(16, "big") for number in range(1000)]
    won: list[list[bytes]] = [[] for _ in claims]
    start = threading.Barrier(len(claims))

    def work(number: int) -> None:
        start.wait()
        order = keys if number % 2 else keys[::-1]
        for at in range(0, len(keys), 250):
            won[number] += claim_answers(db, claims[number], order[at : at + 250], seconds=30)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(claims))]
    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join()

    assert sorted(key for some in won for key in some) == keys


def test_a_claimant_that_was_killed_is_followed_when_its_time_is_over_and_that_is_counted(
    db: Database,
) -> None:
    first, second = new_claims(db)
    claim_answers(db, first, KEYS[:2], seconds=30)
    assert claim_answers(db, second, KEYS[:2], seconds=30) == {}
    let_claims_run_out(db)
    assert claim_answers(db, second, KEYS[:2], seconds=30) == dict.fromkeys(KEYS[:2], 1)
    let_claims_run_out(db)
    assert claim_answers(db, first, KEYS[:1], seconds=30) == {KEYS[0]: 2}


def test_the_next_claim_of_the_same_job_need_not_wait_for_what_the_last_left_behind(
    db: Database,
) -> None:
    (first,) = new_claims(db, jobs=1)
    claim_answers(db, first, KEYS[:2], seconds=30)
    assert claim_answers(db, first, KEYS[:2], seconds=30) == {}
    assert claim_answers(db, again(db, first.job_id), KEYS[:2], seconds=30) == dict.fromkeys(
        KEYS[:2], 1
    )


def test_what_was_given_up_is_free_at_once(db: Database) -> None:
    first, second = new_claims(db)
    claim_answers(db, first, KEYS[:2], seconds=30)
    release_claims(db, second, KEYS[:2])  # not its own
    assert claim_answers(db, second, KEYS[:2], seconds=30) == {}
    release_claims(db, first, KEYS[:2])
    assert claim_answers(db, second, KEYS[:2], seconds=30) == dict.fromkeys(KEYS[:2], 0)


def test_a_stale_owner_gives_up_no_claim_of_its_successor(db: Database) -> None:
    stale, other = new_claims(db)
    claim_answers(db, stale, KEYS[:1], seconds=30)
    fresh = again(db, stale.job_id)
    claim_answers(db, fresh, KEYS[:1], seconds=30)
    release_claims(db, stale, KEYS[:1])
    assert claim_answers(db, other, KEYS[:1], seconds=30) == {}


def test_what_a_stale_owner_paid_for_is_stored_and_the_first_answer_stays(db: Database) -> None:
    (stale,) = new_claims(db, jobs=1)
    claim_answers(db, stale, KEYS[:1], seconds=30)
    fresh = again(db, stale.job_id)
    store(db, stale, KEYS[:1], "1")
    store(db, fresh, KEYS[:2], "2")
    with db.read() as connection:
        assert read_answers(connection, KEYS) == {KEYS[0]: "1", KEYS[1]: "2"}


def losses_of(db: Database, job_id: int) -> int | None:
    with db.read() as connection:
        return connection.scalar(select(Job.losses).where(Job.id == job_id))


def test_an_answer_is_progress(db: Database) -> None:
    (first,) = new_claims(db, jobs=1)
    second = again(db, first.job_id)
    assert losses_of(db, first.job_id) == 1
    store(db, second, KEYS[:1])
    again(db, first.job_id)
    assert losses_of(db, first.job_id) == 1


def test_calls_are_added_up_by_minute_over_runs(db: Database) -> None:
    (one,), (other,) = new_claims(db, jobs=1), new_claims(db, jobs=1)
    store(db, one, KEYS[:1], ner=CallCounts(calls=3, retries=1, maybe_twice=1, seconds=0.5))
    store(db, one, KEYS[1:2], ner=CallCounts(calls=2, answers_reused=7))
    store(db, other, [], summarize=CallCounts(calls=4))
    with db.write() as connection:
        connection.execute(
            update(Call).values(minute=1000)
        )  # no minute may turn in the midst of this

    with db.read() as connection:
        # A minute of a run may have several rows.
        counts = (Call.calls, Call.answers_reused, Call.retries, Call.maybe_twice)
        summed = select(Call.operation, *(func.sum(count) for count in counts))
        rows = connection.execute(
            summed.group_by(Call.operation).order_by(func.sum(Call.calls))
        ).all()

    assert [tuple(row) for row in rows] == [("summarize", 4, 0, 0, 0), ("ner", 5, 7, 1, 1)]


def test_limits_are_rebuilt_from_calls_made_and_from_those_that_may_be_in_flight(
    db: Database,
) -> None:
    def counted(service: str, at_once: int) -> int:
        rows = calls_by_minute(db, service=service, credential="c", seconds=120, at_once=at_once)
        return sum(count.calls for count in rows)

    first, second = new_claims(db)
    store(db, first, KEYS[:1], ner=CallCounts(calls=3))
    assert counted("textapi", 10) == 3
    assert counted("nyt", 10) == 0
    claim_answers(db, second, KEYS[2:6], seconds=30)
    assert counted("textapi", 10) == 3 + 10  # a claim may be of many calls
    claim_answers(db, first, KEYS[6:], seconds=30)
    assert counted("textapi", 4) == 3 + 4 + 4


def test_dead_claims_are_forgotten_after_their_time(db: Database) -> None:
    first, _ = new_claims(db)
    claim_answers(db, first, KEYS[:2], seconds=30)
    delete_expired_claims(db, older_than=0)
    with db.read() as connection:
        assert len(connection.scalars(select(AnswerClaim.key)).all()) == 2

    let_claims_run_out(db)
    delete_expired_claims(db, older_than=0)
    with db.read() as connection:
        assert connection.scalars(select(AnswerClaim.key)).all() == []


def test_a_cap_on_calls_is_kept_by_all_who_ask_at_once(db: Database) -> None:
    run = new_claims(db, max_calls=25)[0].run_id
    allowed: list[bool] = []

    def ask() -> None:
        allowed.extend(reserve_call(db, run) for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join()

    assert allowed.count(True) == 25
    resume_run(db, run, max_calls=26)
    assert [reserve_call(db, run), reserve_call(db, run)] == [True, False]
