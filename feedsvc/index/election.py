"""The election of the node that syncs an index in PostgreSQL: the one whose session holds an advisory lock."""

from collections.abc import Callable

import psycopg

from feedsvc.index.postgres_connection import ELECTED, PostgresConnection

#: Seconds to wait for the answer to a sign of life.
ANSWER_SECONDS = 5


class Election:
    """The part of this process in the election for an index. A lock lets its threads take turns with it."""

    def __init__(self, schema: str) -> None:
        self._schema = schema
        #: The session that stands for election, which also writes; None until it does.
        self.session: PostgresConnection | None = None
        self._is_won = False

    def stand(self, connect: Callable[[], PostgresConnection]) -> bool:
        """Stand for election, or give a sign of life; return whether this process is elected.

        connect: makes the session, also in place of one that has ended. Raise psycopg.Error.
        """
        if self.session:
            try:
                return self._ask(self.session)
            except psycopg.Error:  # the server was restarted, or ended a session that was idle
                self.end()
        self.session = connect()
        return self._ask(self.session)

    def end(self) -> None:
        """End the session, and with it the election."""
        if self.session:
            self.session.close()
        self.session, self._is_won = None, False

    def _ask(self, connection: PostgresConnection) -> bool:
        usual, connection.session.answer_seconds = connection.session.answer_seconds, ANSWER_SECONDS
        if self._is_won:
            connection.execute("SELECT 1")
        else:
            lock = "SELECT pg_try_advisory_lock(hashtext(?), ?)"
            (self._is_won,) = connection.execute(lock, (self._schema, ELECTED)).fetchone()
        connection.session.answer_seconds = usual
        return self._is_won
