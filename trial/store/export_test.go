package store

// WithMigrations lets tests bring their own schema.
var WithMigrations = withMigrations

// Alive reports whether the database can still be asked.
func (db *DB) Alive() bool { return db.read.Ping() == nil }

// Hold keeps everybody from writing until it is released.
func (db *DB) Hold() (release func()) {
	db.writer.lead <- struct{}{}
	return func() { <-db.writer.lead }
}

// OnMove has f called whenever the log was moved. It is to be set before anything is written.
func (db *DB) OnMove(f func()) { db.writer.mover.moved = f }

// Queued is how many wait to write.
func (db *DB) Queued() int { return len(db.writer.jobs) }

// ConflictsSQL is a query whose plan is tested.
const ConflictsSQL = conflictsSQL

// InMemory is how many states of studies the writer keeps.
func (db *DB) InMemory() int { return len(db.writer.records) }
