package archive_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"automl/trial"
	"automl/trial/archive"
)

// FuzzRead: whatever the bytes of the study and of its record, an archive that vouches for them is read, or refused as invalid; never a panic.
func FuzzRead(f *testing.F) {
	s, events := study()
	head, err := json.Marshal(s)
	if err != nil {
		f.Fatal(err)
	}
	var record bytes.Buffer
	for _, e := range events {
		if err := json.NewEncoder(&record).Encode(e); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(head, record.Bytes(), len(events))
	f.Add(head, []byte{}, 0)
	f.Add([]byte("{}"), record.Bytes(), len(events))
	f.Add(bytes.Replace(head, []byte(`"epochs":2`), []byte(`"epochs":-9223372036854775808`), 1), record.Bytes(), len(events))
	f.Add(head, bytes.Replace(record.Bytes(), []byte(`"epoch":1`), []byte(`"epoch":1e18`), 1), len(events))
	f.Fuzz(func(t *testing.T, head, record []byte, events int) {
		files := map[string][]byte{"study.json": head, "events.jsonl": record}
		sums := map[string]string{}
		for name, text := range files {
			sum := sha256.Sum256(text)
			sums[name] = hex.EncodeToString(sum[:])
		}
		manifest, err := json.Marshal(map[string]any{"format": archive.Format, "version": archive.Version, "events": events, "sha256": sums})
		if err != nil {
			t.Fatal(err)
		}
		files["manifest.json"] = manifest
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, text := range files {
			w, err := z.Create(name)
			if err == nil {
				_, err = w.Write(text)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		_, got, err := archive.Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "")
		if err == nil && len(got) != events {
			t.Errorf("%d events of %d", len(got), events)
		}
		if err != nil && trial.CodeOf(err) != trial.Invalid {
			t.Errorf("refused as %s: %v", trial.CodeOf(err), err)
		}
	})
}
