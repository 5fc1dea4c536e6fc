// Package archive is a whole study as one file: a zip archive with the study, the events of its record and, where wanted, the files of
// its models. manifest.json says which version of the format it is and the SHA-256 of everything else; Read refuses what does not
// agree with it, and a record that cannot be applied.
package archive

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"automl/trial"
)

// Format and Version name the format; a reader refuses a newer one.
const (
	Format  = "automl-study"
	Version = 1
)

// The files of an archive. Models lie in artifacts/.
const (
	manifestName = "manifest.json"
	studyName    = "study.json"
	eventsName   = "events.jsonl"
	artifacts    = "artifacts/"
)

// maxText is the most bytes of a file that is read into memory: a record of ten million events has less.
const maxText = 4 << 30

// manifest says what an archive holds.
type manifest struct {
	Format  string            `json:"format"`
	Version int               `json:"version"`
	Study   string            `json:"study"` // its name
	Events  int               `json:"events"`
	SHA256  map[string]string `json:"sha256"` // by name of the file
}

// Write writes a study with its record, and the files of a folder of models where it is not empty (a folder that is not there holds
// none).
func Write(w io.Writer, s trial.Study, events []trial.Event, models string) error {
	z := zip.NewWriter(w)
	m := manifest{Format: Format, Version: Version, Study: s.Name, Events: len(events), SHA256: map[string]string{}}
	add := func(name string, write func(io.Writer) error) error {
		f, err := z.Create(name)
		if err != nil {
			return err
		}
		sum := sha256.New()
		if err := write(io.MultiWriter(f, sum)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		m.SHA256[name] = hexOf(sum)
		return nil
	}
	err := errors.Join(
		add(studyName, func(w io.Writer) error { return json.NewEncoder(w).Encode(s) }),
		add(eventsName, func(w io.Writer) error {
			e := json.NewEncoder(w)
			for i := range events {
				if err := e.Encode(events[i]); err != nil {
					return err
				}
			}
			return nil
		}))
	if err == nil && models != "" {
		err = eachFile(models, func(name, path string) error {
			return add(artifacts+name, func(w io.Writer) error { return copyFrom(w, path) })
		})
	}
	if err == nil {
		var f io.Writer
		if f, err = z.Create(manifestName); err == nil {
			e := json.NewEncoder(f)
			e.SetIndent("", "  ")
			err = e.Encode(m)
		}
	}
	return trial.Wrap(trial.Storage, errors.Join(err, z.Close()), "write the study")
}

// eachFile calls f for the plain files below a folder, in order, with their names relative to it.
func eachFile(dir string, f func(name, path string) error) error {
	err := filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		return f(filepath.ToSlash(name), at)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func copyFrom(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// Read reads a study with its record and checks both; models are written below a folder, or left out where that is empty. The code
// of an error is Invalid where the file is none of ours, damaged or of a newer version.
func Read(r io.ReaderAt, size int64, models string) (trial.Study, []trial.Event, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return trial.Study{}, nil, bad(err, "this is no exported study, or one that is cut off")
	}
	if err := noBomb(z, size); err != nil {
		return trial.Study{}, nil, bad(err, "this is no exported study")
	}
	m, err := readManifest(z)
	if err != nil {
		return trial.Study{}, nil, err
	}
	var s trial.Study
	text, err := m.read(z, studyName)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return s, nil, bad(err, "the study in it")
	}
	events, err := m.events(z)
	if err != nil {
		return s, nil, bad(err, "the record in it")
	}
	if err := applies(s, events); err != nil {
		return s, nil, bad(err, "the record in it")
	}
	if models == "" {
		return s, events, nil
	}
	return s, events, m.unpack(z, models)
}

// A study takes at most this many times the size of its archive, and this much more. Records come to a tenth, weights hardly shrink.
const (
	maxRatio = 128
	maxExtra = 64 << 20
)

// noBomb refuses an archive that says it becomes far more than it is. A file that becomes more than it says is refused when it is read.
func noBomb(z *zip.Reader, size int64) error {
	limit := uint64(size)*maxRatio + maxExtra
	total := uint64(0)
	for _, f := range z.File {
		if f.UncompressedSize64 > limit-total {
			return fmt.Errorf("%d bytes would become more than %d", size, limit)
		}
		total += f.UncompressedSize64
	}
	return nil
}

func bad(err error, format string, args ...any) error {
	if trial.CodeOf(err) == trial.Storage {
		return err
	}
	return &trial.Error{Code: trial.Invalid, Msg: fmt.Sprintf(format, args...), Err: err, Hint: "export it anew: automl export STUDY FILE"}
}

func readManifest(z *zip.Reader) (manifest, error) {
	var m manifest
	text, err := readFile(z, manifestName)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	switch {
	case err != nil || m.Format != Format:
		return m, bad(err, "this is no exported study")
	case m.Version > Version:
		return m, trial.Errorf(trial.Invalid, "the study was exported in version %d of the format, this program knows up to %d", m.Version, Version).
			WithHint("use the version of automl that exported it, or a newer one")
	case m.Version < 1:
		return m, bad(nil, "version %d of the format", m.Version)
	}
	return m, nil
}

// plainID is an id that may stand in a path and in a subject of the bus.
var plainID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// applies tells whether a record is one of its study.
func applies(s trial.Study, events []trial.Event) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if !plainID.MatchString(s.ID) || trial.Printable(s.Name) != s.Name {
		return fmt.Errorf("the study's id %q and name %q are none that a daemon gives", s.ID, s.Name)
	}
	state := trial.NewState(s)
	for _, e := range events {
		if err := state.Apply(e); err != nil {
			return err
		}
	}
	return nil
}

func (m manifest) events(z *zip.Reader) ([]trial.Event, error) {
	text, err := m.read(z, eventsName)
	if err != nil {
		return nil, err
	}
	var events []trial.Event
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var e trial.Event
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	if len(events) != m.Events {
		return nil, fmt.Errorf("%d events, not %d", len(events), m.Events)
	}
	return events, nil
}

// read reads a file that the manifest vouches for.
func (m manifest) read(z *zip.Reader, name string) ([]byte, error) {
	text, err := readFile(z, name)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != m.SHA256[name] {
		return nil, fmt.Errorf("%s is not what was exported", name)
	}
	return text, nil
}

func readFile(z *zip.Reader, name string) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err == nil && len(text) > maxText {
		err = fmt.Errorf("%s is too large", name)
	}
	return text, err
}

// unpack writes the models below a folder, which no name leads out of.
func (m manifest) unpack(z *zip.Reader, dir string) error {
	var names []string
	for name := range m.SHA256 {
		if strings.HasPrefix(name, artifacts) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return trial.Wrap(trial.Storage, err, "write the models")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return trial.Wrap(trial.Storage, err, "write the models")
	}
	defer root.Close()
	for _, name := range names {
		if err := m.unpackOne(z, root, name); err != nil {
			return bad(err, "the model file %s in it", name)
		}
	}
	return nil
}

func (m manifest) unpackOne(z *zip.Reader, root *os.Root, name string) error {
	rel := strings.TrimPrefix(name, artifacts)
	if !fs.ValidPath(rel) {
		return fmt.Errorf("the name leads out of its folder")
	}
	in, err := z.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := root.MkdirAll(path.Dir(rel), 0o755); err != nil {
		return trial.Wrap(trial.Storage, err, "write the models")
	}
	out, err := root.OpenFile(rel, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return trial.Wrap(trial.Storage, err, "write the models")
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), in)
	kept := errors.Join(out.Sync(), out.Close())
	switch path := new(fs.PathError); {
	case errors.As(err, &path): // of the file written: what is read is in memory or damaged
		err = trial.Wrap(trial.Storage, err, "write the models")
	case err == nil && kept != nil:
		err = trial.Wrap(trial.Storage, kept, "write the models")
	case err == nil && hexOf(sum) != m.SHA256[name]:
		err = fmt.Errorf("it is not what was exported")
	}
	if err != nil {
		return errors.Join(err, root.Remove(rel))
	}
	return nil
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
