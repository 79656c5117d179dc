"""What a server can do to a run: go away, come back, refuse, be older or newer, be somebody else's."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from attrs import evolve
from pipekit_postgres import tables
from pipekit_postgres.store import PostgresSettings, PostgresStore
from wirekit.postgres import PASSWORD, OpenPostgres, Server, served

from pipekit.errors import ConfigError, PipekitError, PluginError, RunBusyError, StateError, StorageError
from pipekit.interfaces import Entry, Owner, RunQuery, StoreURL
from pipekit.state.record import RunRecord

NOW = datetime(2026, 11, 23, tzinfo=UTC)
OWNER = Owner.this_process()
RECORD = RunRecord(
    run_id="run-a", input_file="talk.txt", started_at=NOW, updated_at=NOW, status="running", current_step=1
)
ITEM = Entry(step="split", kind="item", key="a", value=1)


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that these tests may stop."""
    yield from served()


@pytest.fixture
def store(open_postgres: OpenPostgres) -> PostgresStore:
    store = open_postgres()
    store.create(RECORD, io.BytesIO())
    return store


# --- gone, and back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_server_that_goes_away_ends_the_work_and_what_was_kept_is_there_when_it_is_back(
    own_server: Server, open_postgres: OpenPostgres, how: signal.Signals
) -> None:
    store = open_postgres(own_server.address())
    store.create(RECORD, io.BytesIO())
    lease = store.acquire("run-a", OWNER)
    store.append(lease, [ITEM])
    own_server.stop(how)
    try:
        with pytest.raises(StorageError) as caught:
            store.commit(lease, evolve(RECORD, status="completed"), {})
        assert caught.value.kind == "unreachable"
        assert "pipekit resume run-a" in caught.value.hint
        with pytest.raises(StorageError, match="can't reach the database"):
            open_postgres(own_server.address()).load("run-a")
    finally:
        own_server.start()
    again = open_postgres(own_server.address())
    assert again.load("run-a").entries == (ITEM,)
    assert again.load("run-a").record == RECORD
    again.acquire("run-a", OWNER).release()


def test_a_server_that_was_restarted_between_two_commits_is_no_trouble(
    own_server: Server, open_postgres: OpenPostgres
) -> None:
    store = open_postgres(own_server.address())
    store.create(RECORD, io.BytesIO())
    lease = store.acquire("run-a", OWNER)
    own_server.stop()
    own_server.start()
    store.append(lease, [ITEM])
    assert open_postgres(own_server.address()).owner("run-a") is not None, "its lock was taken anew"
    lease.release()
    assert open_postgres(own_server.address()).load("run-a").entries == (ITEM,)


def test_a_run_that_somebody_got_while_the_connection_was_gone_is_not_ours_any_more(
    server: Server, store: PostgresStore, open_postgres: OpenPostgres
) -> None:
    lease = store.acquire("run-a", OWNER)
    _cut_all_connections(server)
    other = open_postgres().acquire("run-a", OWNER)
    with pytest.raises(RunBusyError, match="was taken over"):
        store.append(lease, [ITEM])
    other.release()
    assert open_postgres().load("run-a").entries == ()


def test_an_owner_that_was_superseded_unseen_is_refused_by_its_epoch(
    server: Server, store: PostgresStore, open_postgres: OpenPostgres
) -> None:
    lease = store.acquire("run-a", OWNER)
    _cut_all_connections(server)
    open_postgres().acquire("run-a", OWNER).release()  # free again, so that the lock alone would tell nothing
    with pytest.raises(RunBusyError, match="superseded"):
        store.append(lease, [ITEM])


def _cut_all_connections(server: Server) -> None:
    with server.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND application_name = 'pipekit'"
        )


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "kind", "said"),
    [
        ("postgresql://ana@127.0.0.1:{port}/nowhere", "no-database", "createdb"),
        ("postgresql://bob@127.0.0.1:{port}/postgres", "denied", "PGPASSWORD"),
        ("postgresql://ana:wr0ng-word@127.0.0.1:{port}/postgres", "denied", "PGPASSWORD"),
        ("postgresql://ana@127.0.0.1:1/postgres", "unreachable", "see to the server"),
    ],
)
def test_who_cannot_get_in_is_told_why_and_no_password(
    server: Server, open_postgres: OpenPostgres, address: str, kind: str, said: str
) -> None:
    store = open_postgres(address.format(port=server.port))
    uses: list[Callable[[], object]] = [
        lambda: store.load("run-a"),
        lambda: store.create(RECORD, io.BytesIO()),
        lambda: _listed(store),
    ]
    for use in uses:
        with pytest.raises(StorageError) as caught:
            use()
        assert caught.value.kind == kind
        assert said in caught.value.hint
        told = f"{caught.value} {caught.value.to_dict()} {store!r} {caught.value.__cause__!r}"
        assert PASSWORD not in told
        assert "wr0ng-word" not in told


def _listed(store: PostgresStore) -> object:
    return list(store.find(RunQuery()))


@pytest.mark.parametrize("address", ["postgresql:runs", "postgresql://ana:hush@[::1/x"])
def test_an_address_that_is_none_is_told_without_quoting_it(open_postgres: OpenPostgres, address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_postgres(address)
    assert "postgresql://ana@" in caught.value.hint
    assert "hush" not in f"{caught.value!r} {caught.value} {caught.value.__cause__} {caught.value.__context__}"


@pytest.mark.parametrize("settings", [{"schema": 'x"; DROP'}, {"connections": 0}, {"lock_timeout": 0}])
def test_settings_are_checked(open_postgres: OpenPostgres, settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="store"):
        open_postgres(**settings)


def test_a_missing_driver_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(PluginError) as caught:
        PostgresStore(StoreURL("postgresql", "//h/d", tmp_path), PostgresSettings())
    assert (caught.value.code, caught.value.hint) == (9, "install it: pip install 'psycopg[binary]'")


@pytest.fixture
def reader(server: Server, schema: str) -> str:
    """A user who may look at the tables of this test, and no more."""
    with server.connect() as connection:
        name = f"reader_{schema}"
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {name}".encode())
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {name}".encode())
    return name


def test_who_may_only_read_reads_and_is_refused_the_rest(
    server: Server, store: PostgresStore, open_postgres: OpenPostgres, reader: str
) -> None:
    seen = open_postgres(server.address(user=reader))
    assert seen.load("run-a").record == RECORD
    assert [run.status for run in seen.find(RunQuery())] == ["interrupted"]
    for use in (lambda: seen.acquire("run-a", OWNER), lambda: seen.delete("run-a")):
        with pytest.raises(StorageError, match="permission denied") as caught:
            use()
        assert caught.value.kind == "denied"
    assert store.owner("run-a") is None, "who was refused keeps no lock"


def test_who_may_make_no_schema_is_told_so(
    server: Server, store: PostgresStore, open_postgres: OpenPostgres, reader: str
) -> None:
    other = open_postgres(server.address(user=reader), schema="elsewhere")
    assert _listed(other) == []
    with pytest.raises(StorageError, match="permission denied") as caught:
        other.create(RECORD, io.BytesIO())
    assert "GRANT CREATE" in caught.value.hint


def test_a_server_that_only_reads_is_read(
    server: Server, store: PostgresStore, open_postgres: OpenPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    with server.connect() as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("CREATE TABLE x ()")
    elsewhere = open_postgres(schema="elsewhere")
    with pytest.raises(StorageError, match="read-only"):
        elsewhere.create(RECORD, io.BytesIO())
    assert open_postgres().load("run-a").record == RECORD


def test_another_transaction_in_the_way_is_told_after_the_time_limit(
    server: Server, store: PostgresStore, open_postgres: OpenPostgres, schema: str
) -> None:
    with server.connect() as connection, connection.transaction():
        connection.execute(f"SELECT 1 FROM {schema}.runs WHERE run_id = 'run-a' FOR UPDATE".encode())
        with pytest.raises(StorageError) as caught:
            open_postgres(lock_timeout=0.05).acquire("run-a", OWNER)
    assert caught.value.kind == "locked"
    store.acquire("run-a", OWNER).release()


def test_a_server_that_takes_nobody_more_is_told_so(server: Server, open_postgres: OpenPostgres) -> None:
    held = [server.connect()]
    try:
        with suppress(psycopg.OperationalError):
            while len(held) < 100:
                held.append(server.connect())
        with pytest.raises(StorageError, match="too many clients") as caught:
            open_postgres().load("run-a")
        assert "store.connections" in caught.value.hint
    finally:
        for connection in held:
            connection.close()


# --- tables ----------------------------------------------------------------------------------------------------------


def test_looking_for_runs_makes_no_tables(server: Server, open_postgres: OpenPostgres, schema: str) -> None:
    store = open_postgres()
    assert _listed(store) == []
    with pytest.raises(PipekitError, match="no run"):
        store.acquire("run-a", OWNER)
    assert _schemas(server, schema) == 0


def _schemas(server: Server, schema: str) -> int:
    with server.connect() as connection:
        return len(connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchall())


def test_tables_of_something_else_stay_as_they_are(server: Server, open_postgres: OpenPostgres, schema: str) -> None:
    with server.connect() as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        connection.execute(f"CREATE TABLE {schema}.runs (distance INTEGER)".encode())
    for use in (lambda store: _listed(store), lambda store: store.create(RECORD, io.BytesIO())):
        with pytest.raises(StateError) as caught:
            use(open_postgres())
        assert caught.value.kind == "foreign"
    with server.connect() as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
    assert found == [("runs",)]


def test_tables_that_were_changed_are_told(server: Server, store: PostgresStore, schema: str) -> None:
    with server.connect() as connection:
        connection.execute(f"ALTER TABLE {schema}.runs DROP COLUMN owner".encode())
    with pytest.raises(StateError, match="aren't those that pipekit made"):
        store.load("run-a")


def test_tables_of_a_newer_version_are_refused_also_by_whoever_had_them_open(
    server: Server, store: PostgresStore, open_postgres: OpenPostgres, schema: str
) -> None:
    lease = store.acquire("run-a", OWNER)
    with server.connect() as connection:
        connection.execute(f"INSERT INTO {schema}.pipekit_version VALUES (99)".encode())
    uses: list[Callable[[], object]] = [
        lambda: _listed(open_postgres()),
        lambda: open_postgres().create(evolve(RECORD, run_id="run-b"), io.BytesIO()),
        lambda: store.append(lease, [ITEM]),
        lambda: store.load("run-a"),
    ]
    for use in uses:
        with pytest.raises(StateError, match="newer pipekit-postgres") as caught:
            use()
        assert (caught.value.kind, caught.value.found) == ("newer", "99")


def test_older_tables_are_brought_up_to_date_by_one_of_many(
    server: Server, store: PostgresStore, open_postgres: OpenPostgres, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MIGRATIONS", (*tables.MIGRATIONS, ("ALTER TABLE runs ADD COLUMN team TEXT",)))
    monkeypatch.setattr("pipekit_postgres.database.MIGRATIONS", tables.MIGRATIONS)
    others = [open_postgres() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda one: one.load("run-a").record, others))
    assert found == [RECORD] * 6
    with server.connect() as connection:
        assert connection.execute(f"SELECT version FROM {schema}.pipekit_version ORDER BY 1".encode()).fetchall() == [
            (1,),
            (2,),
        ]


def test_a_migration_that_fails_leaves_everything_as_it_was(
    store: PostgresStore, open_postgres: OpenPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ("ALTER TABLE runs ADD COLUMN team TEXT", "ALTER TABLE nobody ADD COLUMN x TEXT")
    with monkeypatch.context() as patch:
        patch.setattr(tables, "MIGRATIONS", (*tables.MIGRATIONS, broken))
        patch.setattr("pipekit_postgres.database.MIGRATIONS", tables.MIGRATIONS)
        with pytest.raises(StateError):
            open_postgres().load("run-a")
    again = open_postgres()
    again.acquire("run-a", OWNER).release()
    assert again.load("run-a").record == RECORD


# --- what is kept ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("UPDATE {schema}.runs SET record = replace(record, 'talk', 'walk')", "record was changed or damaged"),
        ("UPDATE {schema}.entries SET entry = replace(entry, '1', '2')", "work inside a step was changed"),
        ("DELETE FROM {schema}.entries", "is missing"),
    ],
)
def test_rows_that_somebody_changed_are_found_out(
    server: Server, store: PostgresStore, open_postgres: OpenPostgres, schema: str, spoil: str, said: str
) -> None:
    lease = store.acquire("run-a", OWNER)
    store.append(lease, [ITEM])
    lease.release()
    with server.connect() as connection:
        connection.execute(spoil.format(schema=schema).encode())
    with pytest.raises(StateError, match=said):
        open_postgres().load("run-a")


def test_every_commit_is_on_the_disk_whatever_the_server_s_default_is(
    server: Server, open_postgres: OpenPostgres, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c synchronous_commit=off")
    store = open_postgres()
    with store._database.connect() as connection:  # type: ignore[attr-defined]
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    connection.close()


def test_more_threads_than_connections_take_turns(open_postgres: OpenPostgres) -> None:
    store = open_postgres(connections=2)

    def whole(number: int) -> None:
        name = f"run-{number:03}"
        store.create(evolve(RECORD, run_id=name), io.BytesIO())
        lease = store.acquire(name, OWNER)
        for _ in range(3):
            store.append(lease, [ITEM])
        lease.release()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(whole, range(16)))
    assert len(list(store.find(RunQuery()))) == 16
    assert all(len(store.load(f"run-{number:03}").entries) == 3 for number in range(16))
