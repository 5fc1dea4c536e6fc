package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"automl/trial"
)

// What the quarantine keeps: so many messages, and so many bytes of each. A sender that plays foul fills no disk.
const (
	quarantineRows  = 1000
	quarantineBytes = 16 << 10
	quarantineText  = 1 << 10 // of the subject and of the reason
)

// Quarantined is a message that nobody could read.
type Quarantined struct {
	ID      int64     `json:"id"` // counts on, also when old ones are dropped
	Time    time.Time `json:"time"`
	Subject string    `json:"subject"`
	Reason  string    `json:"reason"`
	Bytes   int       `json:"bytes"` // of the whole message; Data may be less
	Data    []byte    `json:"data"`
}

// Quarantine keeps a message that nobody could read; the oldest make room. When it returns nil the message is durable, and may be
// acknowledged to whoever brought it.
func (db *DB) Quarantine(ctx context.Context, at time.Time, subject string, data []byte, reason string) error {
	if !storable(at) {
		return trial.Errorf(trial.Invalid, "quarantine: the time %v is out of range", at)
	}
	kept := data[:min(len(data), quarantineBytes)]
	if kept == nil {
		kept = []byte{} // nil would be NULL
	}
	return db.write(ctx, 1, func(w *writer) error {
		_, err := w.conn.ExecContext(background, "INSERT INTO quarantine (time, subject, reason, bytes, data) VALUES (?,?,?,?,?)",
			encodeTime(at), text(subject), text(reason), len(data), kept)
		if err == nil {
			_, err = w.conn.ExecContext(background, "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", quarantineRows)
		}
		return err
	})
}

// text is what of a stranger's text is kept.
func text(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), quarantineText)], "\uFFFD")
}

// Quarantined lists what is in quarantine, the newest first, at most limit of them.
func (db *DB) Quarantined(ctx context.Context, limit int) (out []Quarantined, err error) {
	err = db.reading(ctx, func(conn *sql.Conn) error {
		rows, err := conn.QueryContext(ctx, "SELECT id, time, subject, reason, bytes, data FROM quarantine ORDER BY id DESC LIMIT ?", limit)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		for rows.Next() {
			var q Quarantined
			var at int64
			if err := rows.Scan(&q.ID, &at, &q.Subject, &q.Reason, &q.Bytes, &q.Data); err != nil {
				return err
			}
			q.Time = decodeTime(at)
			out = append(out, q)
		}
		return rows.Err()
	})
	return out, err
}
