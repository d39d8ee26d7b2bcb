-- A history as schema 1 left it: two entries of one test with one metric, "time", 40 and 41 ms.
PRAGMA page_size = 8192;
CREATE TABLE machine(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, facts TEXT NOT NULL);
CREATE TABLE entry(id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, anchor TEXT, label TEXT NOT NULL, began TEXT NOT NULL, added TEXT NOT NULL, dir TEXT NOT NULL, machine INTEGER NOT NULL REFERENCES machine(id), revision TEXT NOT NULL, stop_reason TEXT NOT NULL, tests INTEGER NOT NULL, unexpected INTEGER NOT NULL, info TEXT NOT NULL);
CREATE INDEX entry_began ON entry(began, id);
CREATE TABLE test(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE metric(id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL, better TEXT NOT NULL, UNIQUE(name, unit));
CREATE TABLE shape(id INTEGER PRIMARY KEY, metrics BLOB NOT NULL UNIQUE);
CREATE TABLE sample(test INTEGER NOT NULL, entry INTEGER NOT NULL, side INTEGER NOT NULL, invocation INTEGER NOT NULL, verdict TEXT NOT NULL, expected INTEGER NOT NULL, shape INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(test, entry, side, invocation)) WITHOUT ROWID;
INSERT INTO machine VALUES(1, 'Example CPU, 2 cores', '{}');
INSERT INTO entry VALUES(1, 'one', '3:100', NULL, '', '2026-01-01T02:10:00Z', '2026-01-01T03:00:00Z', 'runs/1', 1, '', 'finished', 1, 0, '{}');
INSERT INTO entry VALUES(2, 'two', '3:100', NULL, '', '2026-01-02T02:10:00Z', '2026-01-02T03:00:00Z', 'runs/2', 1, '', 'finished', 1, 0, '{}');
INSERT INTO test VALUES(1, 'gc/a.lua');
INSERT INTO metric VALUES(1, 'time', 'ns', 'lower');
INSERT INTO shape VALUES(1, x'01000000');
INSERT INTO sample VALUES(1, 1, 0, 1, 'passed', 1, 1, x'0C005A6202');
INSERT INTO sample VALUES(1, 2, 0, 1, 'passed', 1, 1, x'0C409C7102');
PRAGMA application_id = 0x73746764;
PRAGMA user_version = 1;
