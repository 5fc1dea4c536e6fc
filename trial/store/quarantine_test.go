package store_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestQuarantine(t *testing.T) {
	dir := t.TempDir()
	db := openIn(t, dir)
	at := time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC)
	for _, data := range [][]byte{nil, []byte("\x00{"), bytes.Repeat([]byte("x"), 256<<10)} {
		check(t, db.Quarantine(t.Context(), at, "automl.v1.in.evil\xff", data, "no envelope"))
	}
	got, err := db.Quarantined(t.Context(), 2)
	check(t, err)
	if len(got) != 2 || got[0].ID != 3 || got[0].Bytes != 256<<10 || len(got[0].Data) != 16<<10 || string(got[1].Data) != "\x00{" {
		t.Errorf("in quarantine: %+v", got)
	}
	if q := got[1]; !q.Time.Equal(at) || q.Subject != "automl.v1.in.evil\uFFFD" || q.Reason != "no envelope" {
		t.Errorf("in quarantine: %+v", q)
	}
	var seen string
	check(t, raw(t, dir).QueryRow("SELECT time FROM quarantine_v WHERE bytes = 2").Scan(&seen))
	if seen != "2026-02-03T04:05:06.000007Z" {
		t.Errorf("the view shows %s", seen)
	}
	sound(t, db)
}

// A sender that plays foul must not fill the disk.
func TestQuarantineIsLimited(t *testing.T) {
	db := openIn(t, t.TempDir())
	for range 1010 {
		check(t, db.Quarantine(t.Context(), time.Now(), strings.Repeat("s", 5000), []byte("?"), "reason"))
	}
	got, err := db.Quarantined(t.Context(), 5000)
	check(t, err)
	if len(got) != 1000 || got[0].ID != 1010 || got[999].ID != 11 || len(got[0].Subject) != 1024 {
		t.Errorf("%d in quarantine, subjects of %d bytes", len(got), len(got[0].Subject))
	}
	stats, err := db.Stats(t.Context())
	check(t, err)
	if stats.Quarantined != 1000 {
		t.Errorf("stats: %+v", stats)
	}
}
