package store

// WithMigrations lets tests bring their own schema.
var WithMigrations = withMigrations

// Alive reports whether the database can still be asked.
func (db *DB) Alive() bool { return db.read.Ping() == nil }

// ConflictsSQL is a query whose plan is tested.
const ConflictsSQL = conflictsSQL
