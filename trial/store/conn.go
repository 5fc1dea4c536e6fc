package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"

	"github.com/mattn/go-sqlite3"
)

// The ways to open the file. Everything stands in the DSN or in the hook, so that each connection of a pool gets it.
const (
	common = "_mutex=no&_busy_timeout=10000&_foreign_keys=1&_recursive_triggers=1"

	writeMode  = common + "&mode=rw&_txlock=immediate&_journal_mode=WAL&_synchronous=FULL&_cache_size=-65536"
	readMode   = common + "&mode=ro&_query_only=1&_cache_size=-16384"
	frozenMode = readMode + "&immutable=1" // nobody writes, and nothing can be written beside the file
	copyMode   = common + "&mode=ro"       // VACUUM INTO writes another file, which query_only would refuse
)

// maxLog is the size in bytes the write-ahead log is cut down to after a long reader let it grow.
const maxLog = 64 << 20

// connect makes a pool of connections to the file. Nothing is opened yet.
func connect(path, mode string) *sql.DB {
	file := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: mode}
	return sql.OpenDB(connector{file.String()})
}

// connector opens connections without registering a driver globally.
type connector struct{ dsn string }

var sqliteDriver = &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
	_, err := c.Exec(fmt.Sprintf("PRAGMA journal_size_limit = %d; PRAGMA wal_autocheckpoint = %d; PRAGMA trusted_schema = OFF; "+
		"PRAGMA cell_size_check = ON;", maxLog, mostPages), nil)
	return err
}}

func (c connector) Connect(context.Context) (driver.Conn, error) { return sqliteDriver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return sqliteDriver }
