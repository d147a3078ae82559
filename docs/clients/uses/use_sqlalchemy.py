"""SQLAlchemy's sessions of a thread, and calls of a pool that make calls of the same pool."""

import pytest
from chosen import Pool
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker
from sqlalchemy.pool import QueuePool


class Base(DeclarativeBase):
    pass


class Word(Base):
    __tablename__ = "word"
    text: Mapped[str] = mapped_column(primary_key=True)


@pytest.fixture
def engine(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/words.db", poolclass=QueuePool, pool_size=3,
                           connect_args={"timeout": 10})
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine):
    return scoped_session(sessionmaker(engine))


def words(session):
    with session() as one:
        return sorted(one.scalars(select(Word.text)))


def test_each_thread_has_its_session(session):
    def add(word):
        session.add(Word(text=word))
        session.commit()
        session.remove()

    with Pool(4) as pool:
        list(pool.map(add, "abcdefgh"))
    assert words(session) == list("abcdefgh")


def test_nested_call_has_a_session_of_its_own(session):
    """The outer call's row is not yet committed when the inner one ends its own session."""
    def inner():
        session.execute(text("select 1"))
        session.remove()

    def outer(pool):
        session.add(Word(text="outer"))
        pool.submit(inner).result()
        session.commit()
        session.remove()

    with Pool(2) as pool:
        pool.submit(outer, pool).result(10)
    assert words(session) == ["outer"]


def test_nested_call_rolls_back_its_own(session):
    def inner():
        session.add(Word(text="inner"))
        session.flush()
        session.rollback()
        session.remove()

    def outer(pool):
        session.add(Word(text="outer"))
        pool.submit(inner).result()
        session.commit()
        session.remove()

    with Pool(2) as pool:
        pool.submit(outer, pool).result(10)
    assert words(session) == ["outer"]


def test_connections_are_given_back(engine):
    given = []
    event.listen(engine, "checkin", lambda *_: given.append(1))

    def read(number):
        with engine.connect() as connection:
            return connection.execute(text("select :number"), {"number": number}).scalar()

    with Pool(8) as pool:
        assert list(pool.map(read, range(40))) == list(range(40))
    assert len(given) == 40 and engine.pool.checkedout() == 0


def test_error_in_a_transaction(session):
    def add(word):
        try:
            with session.begin():
                session.add(Word(text=word))
                session.flush()
                if word == "b":
                    raise ValueError(word)
        finally:
            session.remove()

    with Pool(1) as pool:
        futures = [pool.submit(add, word) for word in "abc"]
    assert [type(future.exception()) for future in futures] == [type(None), ValueError, type(None)]
    assert words(session) == ["a", "c"]
