"""What the database itself refuses to do to the ledger; migration 0002 carries the same text.

Both kinds: no update, no delete; the last announced entry must stand at the commit (a deferred
reference in ``models/ledger``). SQLite checks at each insert that entries come in order and, with
the last one, that they sum to zero; PostgreSQL checks count and sum at the commit.
"""

from __future__ import annotations

SQLITE = (
    """
    CREATE TRIGGER ledger_transactions_no_update BEFORE UPDATE ON ledger_transactions
    BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END
    """,
    """
    CREATE TRIGGER ledger_transactions_no_delete BEFORE DELETE ON ledger_transactions
    BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END
    """,
    """
    CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END
    """,
    """
    CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries
    BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END
    """,
    # INSERT OR REPLACE deletes without asking the triggers above.
    """
    CREATE TRIGGER ledger_transactions_no_replace BEFORE INSERT ON ledger_transactions
    WHEN EXISTS (SELECT 1 FROM ledger_transactions WHERE id = NEW.id OR key = NEW.key)
    BEGIN SELECT RAISE(ABORT, 'the ledger has this transaction'); END
    """,
    """
    CREATE TRIGGER ledger_entries_in_order BEFORE INSERT ON ledger_entries
    WHEN NEW.position <> 1 + (
        SELECT count(*) FROM ledger_entries WHERE transaction_id = NEW.transaction_id
    ) OR NEW.position > (
        SELECT entry_count FROM ledger_transactions WHERE id = NEW.transaction_id
    )
    BEGIN SELECT RAISE(ABORT, 'ledger entries come in order, as many as announced'); END
    """,
    """
    CREATE TRIGGER ledger_entries_sum AFTER INSERT ON ledger_entries
    WHEN NEW.position = (
        SELECT entry_count FROM ledger_transactions WHERE id = NEW.transaction_id
    ) AND 0 <> (
        SELECT sum(amount_minor) FROM ledger_entries WHERE transaction_id = NEW.transaction_id
    )
    BEGIN SELECT RAISE(ABORT, 'the entries of a ledger transaction sum to zero'); END
    """,
)

POSTGRESQL = (
    """
    CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the ledger is append only' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE total numeric; entries bigint; announced integer;
    BEGIN
        SELECT sum(amount_minor), count(*) INTO total, entries
        FROM ledger_entries WHERE transaction_id = NEW.transaction_id;
        SELECT entry_count INTO announced
        FROM ledger_transactions WHERE id = NEW.transaction_id;
        IF total <> 0 THEN
            RAISE EXCEPTION 'the entries of a ledger transaction sum to zero'
            USING ERRCODE = 'check_violation';
        END IF;
        IF entries <> announced THEN
            RAISE EXCEPTION 'a ledger transaction has as many entries as announced'
            USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER ledger_transactions_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
    """,
    """
    CREATE TRIGGER ledger_entries_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
    """,
    """
    CREATE CONSTRAINT TRIGGER ledger_entries_sum AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balance()
    """,
)

GUARDS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
