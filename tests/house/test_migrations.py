"""After the first release a migration expands, or says in its name that it contracts (docs/upgrades.md)."""

import pytest

from infra.provision import migrations
from tests.house.migrations import against

FIRST_RELEASE = 10
"""Files up to this number make the first release, and stand on nothing older (decision 19)."""


def test_migrations_expand() -> None:
    new = [(name, text) for name, text in migrations() if int(name[:4]) > FIRST_RELEASE]
    assert [problem for name, text in new for problem in against(name, text)] == []


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE venue",
        "ALTER TABLE venue DROP COLUMN name",
        "drop function apply_batch(int)",
        "ALTER TABLE venue RENAME COLUMN name TO title",
        "ALTER VIEW live_holds RENAME TO holds",
        "ALTER TABLE venue ALTER COLUMN name TYPE varchar(20)",
        "ALTER TABLE venue ALTER name SET DATA TYPE varchar(20)",
        "ALTER TABLE venue ALTER COLUMN name SET NOT NULL",
        "ALTER TABLE venue ADD COLUMN town text NOT NULL",
        "ALTER TABLE venue ADD COLUMN town text NOT NULL, ADD COLUMN at point DEFAULT '(0,0)'",
        "ALTER TABLE venue ADD CONSTRAINT named CHECK (name <> '')",
        "ALTER TABLE venue ADD UNIQUE (name)",
        "CREATE UNIQUE INDEX venue_name ON venue (name)",
        "REVOKE SELECT ON venue FROM onsale_ingress",
        "TRUNCATE venue",
        "DELETE FROM venue WHERE name = ''",
    ],
)
def test_what_the_release_before_could_not_live_with_is_found(statement: str) -> None:
    (problem,) = against("0011_town.sql", f"CREATE TABLE town (name text NOT NULL);\n{statement};")
    assert statement[:40].casefold() in problem.casefold()
    assert against("0012_contract_town.sql", f"{statement};") == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE town (name text NOT NULL UNIQUE, CHECK (name <> ''))",
        "ALTER TABLE venue ADD COLUMN town text",
        "ALTER TABLE venue ADD COLUMN town text NOT NULL DEFAULT ''",
        "ALTER TABLE venue ADD COLUMN town text DEFAULT '' NOT NULL",
        "ALTER TABLE venue ALTER COLUMN name DROP NOT NULL",
        "CREATE INDEX venue_name ON venue (name)",
        "CREATE OR REPLACE VIEW live_holds AS SELECT 1",
        "REVOKE ALL ON FUNCTION town() FROM PUBLIC",
        "GRANT SELECT ON town TO onsale_ingress",
        "COMMENT ON TABLE venue IS 'nobody may DROP TABLE venue'",
        "CREATE FUNCTION tidy() RETURNS void LANGUAGE sql AS $$ DELETE FROM venue; DROP TABLE venue $$",
        "-- DROP TABLE venue\nSELECT 1",
    ],
)
def test_what_it_can_live_with_is_let_be(statement: str) -> None:
    assert against("0011_town.sql", f"{statement};") == []
