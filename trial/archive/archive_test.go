package archive_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"automl/trial"
	"automl/trial/archive"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func study() (trial.Study, []trial.Event) {
	at := time.Date(2026, 3, 1, 2, 3, 4, 5, time.UTC)
	s := trial.Study{ID: "ab12", Name: "demo", Document: json.RawMessage(`{"name":"demo"}`), Digest: strings.Repeat("0", 64), Seed: 7,
		Objective: trial.Objective{Metric: "acc", Goal: trial.Maximize}, Shape: trial.Shape{Folds: 1, Epochs: 2}, Created: at}
	var events []trial.Event
	add := func(e trial.Event) {
		e.Seq, e.Time = int64(len(events)+1), at.Add(time.Duration(len(events))*time.Second)
		events = append(events, e)
	}
	add(trial.Event{Decision: &trial.Decision{Trial: 0, What: trial.Sampled, Params: trial.Params{{Name: "lr", Value: 1e-3}, {Name: "n", Value: int64(3)}},
		Origin: trial.FromSampler, Reason: "drawn"}})
	add(trial.Event{Decision: &trial.Decision{Trial: 0, What: trial.Assigned, Attempt: 1, Phase: trial.Search, To: trial.Resource{Epoch: 2}}})
	add(trial.Event{Decision: &trial.Decision{Trial: 0, What: trial.Started, Attempt: 1, Runner: "box", Run: "r1"}})
	add(trial.Event{Report: &trial.Report{Trial: 0, Attempt: 1, Epoch: 1, Cost: 2, Metrics: trial.Metrics{{Name: "acc", Value: .5}}}})
	return s, events
}

func pack(t *testing.T, models string) []byte {
	t.Helper()
	s, events := study()
	var b bytes.Buffer
	ok(t, archive.Write(&b, s, events, models))
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	s, events := study()
	models := t.TempDir()
	ok(t, os.MkdirAll(filepath.Join(models, "trial0"), 0o755))
	ok(t, os.WriteFile(filepath.Join(models, "trial0", "model.safetensors"), []byte("weights"), 0o600))
	data := pack(t, models)
	to := filepath.Join(t.TempDir(), "models")
	got, record, err := archive.Read(bytes.NewReader(data), int64(len(data)), to)
	ok(t, err)
	if d := cmp.Diff(s, got) + cmp.Diff(events, record); d != "" {
		t.Error(d)
	}
	if text, err := os.ReadFile(filepath.Join(to, "trial0", "model.safetensors")); err != nil || string(text) != "weights" {
		t.Errorf("%q %v", text, err)
	}
	if _, _, err := archive.Read(bytes.NewReader(data), int64(len(data)), to); trial.CodeOf(err) != trial.Storage {
		t.Errorf("over models that are there: %v", err)
	}
	data = pack(t, filepath.Join(models, "none"))
	to = filepath.Join(t.TempDir(), "models")
	_, _, err = archive.Read(bytes.NewReader(data), int64(len(data)), to)
	ok(t, err)
	if _, err := os.Stat(to); err == nil {
		t.Error("a folder for no models")
	}
}

// rewrite changes files of an archive.
func rewrite(t *testing.T, data []byte, edit func(name string, text []byte) (string, []byte)) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	ok(t, err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range r.File {
		in, err := f.Open()
		ok(t, err)
		text, err := io.ReadAll(in)
		ok(t, err)
		name, text := edit(f.Name, text)
		out, err := w.Create(name)
		ok(t, err)
		_, err = out.Write(text)
		ok(t, err)
	}
	ok(t, w.Close())
	return b.Bytes()
}

func replace(file, old, new string) func(string, []byte) (string, []byte) {
	return func(name string, text []byte) (string, []byte) {
		if name == file {
			text = bytes.Replace(text, []byte(old), []byte(new), 1)
		}
		return name, text
	}
}

// resigned changes a file of an archive and its sum in the manifest.
func resigned(t *testing.T, data []byte, file, old, new string) []byte {
	t.Helper()
	sum := func(text []byte) string {
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:])
	}
	var was, is string
	data = rewrite(t, data, func(name string, text []byte) (string, []byte) {
		if name == file {
			if !bytes.Contains(text, []byte(old)) {
				t.Fatalf("%s has no %s: %s", file, old, text)
			}
			was = sum(text)
			text = bytes.Replace(text, []byte(old), []byte(new), 1)
			is = sum(text)
		}
		return name, text
	})
	return rewrite(t, data, replace("manifest.json", was, is))
}

// bomb is an archive whose model is so many zeros, as the manifest says.
func bomb(t *testing.T, data []byte, size int) []byte {
	t.Helper()
	return resigned(t, data, "artifacts/m", "weights", string(make([]byte, size)))
}

// lie has an archive say that its model is one byte.
func lie(t *testing.T, data []byte) []byte {
	t.Helper()
	at := bytes.LastIndex(data, []byte("PK\x01\x02"))
	for ; at >= 0 && !bytes.HasPrefix(data[at+46:], []byte("artifacts/m")); at = bytes.LastIndex(data[:at], []byte("PK\x01\x02")) {
	}
	if at < 0 {
		t.Fatal("the model is not listed")
	}
	out := bytes.Clone(data)
	binary.LittleEndian.PutUint32(out[at+24:], 1)
	return out
}

// TestLinksAreFiles: an entry that says it is a link is a file like any other, and leads nowhere.
func TestLinksAreFiles(t *testing.T) {
	models := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(models, "m"), []byte("/etc/passwd"), 0o600))
	good := pack(t, models)
	r, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
	ok(t, err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range r.File {
		in, err := f.Open()
		ok(t, err)
		h := &zip.FileHeader{Name: f.Name}
		h.SetMode(fs.ModeSymlink | 0o777)
		out, err := w.CreateHeader(h)
		ok(t, err)
		_, err = io.Copy(out, in)
		ok(t, err)
	}
	ok(t, w.Close())
	to := filepath.Join(t.TempDir(), "models")
	_, _, err = archive.Read(bytes.NewReader(b.Bytes()), int64(b.Len()), to)
	ok(t, err)
	i, err := os.Lstat(filepath.Join(to, "m"))
	ok(t, err)
	if !i.Mode().IsRegular() || i.Size() != int64(len("/etc/passwd")) {
		t.Errorf("it is %v of %d bytes", i.Mode(), i.Size())
	}
}

func TestRefused(t *testing.T) {
	models := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(models, "m"), []byte("weights"), 0o600))
	good := pack(t, models)
	for name, data := range map[string][]byte{
		"nothing":       nil,
		"text":          []byte("hello"),
		"cut off":       good[:len(good)-30],
		"newer":         rewrite(t, good, replace("manifest.json", `"version": 1`, `"version": 2`)),
		"version 0":     rewrite(t, good, replace("manifest.json", `"version": 1`, `"version": 0`)),
		"other format":  rewrite(t, good, replace("manifest.json", "automl-study", "zoo")),
		"other study":   rewrite(t, good, replace("study.json", "demo", "omed")),
		"other record":  rewrite(t, good, replace("events.jsonl", "0.5", "0.6")),
		"no such count": rewrite(t, good, replace("manifest.json", `"events": 4`, `"events": -1`)),
		"fewer events":  rewrite(t, good, replace("manifest.json", `"events": 4`, `"events": 5`)),
		"other weights": rewrite(t, good, replace("artifacts/m", "weights", "weighty")),
		"outside": rewrite(t, good, func(name string, text []byte) (string, []byte) {
			return strings.Replace(name, "artifacts/m", "artifacts/../m", 1), bytes.ReplaceAll(text, []byte("artifacts/m"), []byte("artifacts/../m"))
		}),
		"no record": rewrite(t, good, func(name string, text []byte) (string, []byte) {
			return strings.Replace(name, "events", "stnevs", 1), text
		}),
		"bomb":        bomb(t, good, 100<<20),
		"false size":  lie(t, bomb(t, good, 1<<20)),
		"id outside":  resigned(t, good, "study.json", `"ab12"`, `"../../ab12"`),
		"name of ESC": resigned(t, good, "study.json", `"Name":"demo"`, `"Name":"demo\u001b[2J"`),
	} {
		to := filepath.Join(t.TempDir(), "models")
		_, _, err := archive.Read(bytes.NewReader(data), int64(len(data)), to)
		if trial.CodeOf(err) != trial.Invalid || trial.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := filepath.Glob(filepath.Join(to, "*")); len(left) > 0 {
			t.Errorf("%s: it left %v", name, left)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(to), "m")); err == nil {
			t.Errorf("%s: it wrote outside", name)
		}
	}
}

// A record whose events do not follow is refused, whatever its sums say.
func TestRecordThatDoesNotApply(t *testing.T) {
	s, events := study()
	var b bytes.Buffer
	ok(t, archive.Write(&b, s, events[1:], ""))
	if _, _, err := archive.Read(bytes.NewReader(b.Bytes()), int64(b.Len()), ""); trial.CodeOf(err) != trial.Invalid {
		t.Error(err)
	}
}
