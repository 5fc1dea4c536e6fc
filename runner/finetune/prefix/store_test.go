package prefix

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func key(name string) Key { return sha256.Sum256([]byte(name)) }

// made is the entry of a key as every test makes it: of 1 to 9 floats, a NaN with bits of its own among them.
func made(k Key) []float32 {
	out := make([]float32, 1+int(k[0])%9)
	for i := range out {
		out[i] = float32(k[i+1]) / 3
	}
	out[0] = math.Float32frombits(0x7fc00000 | binary.LittleEndian.Uint32(k[:])&0xffff)
	return out
}

func same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// warnings collects what a store says.
type warnings []string

func (w *warnings) add(err error) { *w = append(*w, err.Error()) }

// keys are n keys of a prefix.
func keys(prefix string, n int) []Key {
	out := make([]Key, n)
	for i := range out {
		out[i] = key(fmt.Sprint(prefix, i))
	}
	return out
}

// add opens a set, adds entries and closes it.
func add(t *testing.T, s *Store, prefix string, keys []Key) {
	t.Helper()
	set := s.Set(key(prefix))
	for i, k := range keys {
		e, err := set.Add(k, made(k), time.Duration(i)*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		check(t, e, k)
	}
	if err := set.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		check(t, set.Find(k), k)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
}

// check compares an entry with what it was made as.
func check(t *testing.T, e *Entry, k Key) {
	t.Helper()
	if e == nil {
		t.Fatalf("entry %.8s is not there", k)
	}
	got := make([]float32, e.Len())
	if err := e.Read(got); err != nil {
		t.Fatal(err)
	}
	if !same(got, made(k)) {
		t.Fatalf("entry %.8s is %v, want %v", k, got, made(k))
	}
}

// held counts the keys that a new set of a prefix has, and checks their entries.
func held(t *testing.T, s *Store, prefix string, keys []Key) int {
	t.Helper()
	set := s.Set(key(prefix))
	defer set.Close()
	n := 0
	for _, k := range keys {
		if e := set.Find(k); e != nil {
			check(t, e, k)
			n++
		}
	}
	return n
}

// onDisk is a store of a folder, without memory.
func onDisk(t *testing.T, dir string, limit int64, w *warnings) *Store {
	t.Helper()
	s := New(Options{Dir: dir, Disk: limit, Memory: -1, Warn: w.add})
	if s.disk != nil {
		s.disk.free = func(string) (int64, error) { return 1 << 50, nil }
	}
	return s
}

// files are the files and folders in a folder, itself included, whose name has that end.
func files(t *testing.T, dir, end string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, end) {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEntriesComeBack(t *testing.T) {
	dir := t.TempDir()
	for name, make := range map[string]func(w *warnings) (one, other *Store){
		"memory": func(w *warnings) (*Store, *Store) {
			s := New(Options{Warn: w.add})
			return s, s
		},
		"disk": func(w *warnings) (*Store, *Store) {
			return onDisk(t, dir, 1<<30, w), onDisk(t, dir, 1<<30, w)
		},
		"small segments": func(w *warnings) (*Store, *Store) {
			one, other := onDisk(t, t.TempDir(), 1<<30, w), onDisk(t, dir, 1<<30, w)
			one.segment, other.disk = 100, one.disk
			return one, other
		},
	} {
		t.Run(name, func(t *testing.T) {
			var w warnings
			one, other := make(&w)
			add(t, one, "a", keys("a", 100))
			add(t, one, "b", keys("b", 10))
			if n := held(t, other, "a", keys("a", 120)); n != 100 {
				t.Errorf("%d of 100 entries are there", n)
			}
			if n := held(t, other, "b", keys("a", 100)); n != 0 {
				t.Errorf("a prefix has %d entries of another", n)
			}
			set := other.Set(key("a"))
			if c := set.Find(keys("a", 100)[7]).Cost(); c != 7*time.Millisecond {
				t.Errorf("the entry took %v", c)
			}
			size := int64(0)
			for _, k := range keys("a", 100) {
				size += 4 * int64(len(made(k)))
			}
			if set.Bytes() != size {
				t.Errorf("%d bytes are held, want %d", set.Bytes(), size)
			}
			if err := set.Close(); err != nil {
				t.Error(err)
			}
			if len(w) > 0 {
				t.Error(w)
			}
		})
	}
}

// Whatever byte of a file is changed and wherever it is cut off, no entry comes back that was not written.
func TestDamageIsNeverTrusted(t *testing.T) {
	dir := t.TempDir()
	var w warnings
	all := keys("a", 20)
	add(t, onDisk(t, dir, 1<<30, &w), "a", all)
	path := files(t, dir, suffix)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damage := map[string][]byte{"empty": nil, "longer": append(slices.Clone(whole), 0)}
	for at := range whole {
		b := slices.Clone(whole)
		b[at] ^= 1 << (at % 8)
		damage[fmt.Sprint("bit at ", at)] = b
		damage[fmt.Sprint("cut at ", at)] = whole[:at]
	}
	for name, b := range damage {
		w = nil
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		n := held(t, onDisk(t, dir, 1<<30, &w), "a", all) // which checks each entry
		if n == len(all) {
			if at, _ := strings.CutPrefix(name, "bit at "); at == name {
				t.Fatalf("%s: nothing is missing", name)
			}
			continue // a bit that stands for nothing
		}
		if len(w) != 1 || !strings.Contains(w[0], "damaged") || len(files(t, dir, suffix)) != 0 {
			t.Fatalf("%s: %d entries, files %v, warnings %v", name, n, files(t, dir, suffix), w)
		}
	}
	w = nil
	add(t, onDisk(t, dir, 1<<30, &w), "a", all)
	if n := held(t, onDisk(t, dir, 1<<30, &w), "a", all); n != len(all) || len(w) > 0 {
		t.Errorf("computed again, %d of %d are there, %v", n, len(all), w)
	}
}

// A file that is cut off under a process that has mapped it costs an error, not the process.
func TestFileCutOffWhileInUse(t *testing.T) {
	dir := t.TempDir()
	var w warnings
	all := keys("a", 2000) // more than a page
	s := onDisk(t, dir, 1<<30, &w)
	add(t, s, "a", all)
	set := s.Set(key("a"))
	defer set.Close()
	entry := set.Find(all[1999])
	if err := os.Truncate(files(t, dir, suffix)[0], 64); err != nil {
		t.Fatal(err)
	}
	if err := entry.Read(make([]float32, entry.Len())); !errors.Is(err, errDamaged) {
		t.Errorf("read %v", err)
	}
	if e := set.Find(all[1998]); e != nil {
		t.Error("found an entry in a file of 64 bytes")
	}
}

func TestSameEntriesAreWrittenOnce(t *testing.T) {
	dir := t.TempDir()
	var w warnings
	one, two := onDisk(t, dir, 1<<30, &w), onDisk(t, dir, 1<<30, &w)
	a, b := one.Set(key("a")), two.Set(key("a"))
	for _, k := range keys("a", 10) {
		for _, set := range []*Set{a, b} {
			if _, err := set.Add(k, made(k), 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, set := range []*Set{a, b} {
		if err := errors.Join(set.Flush(), set.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if f := files(t, dir, suffix); len(f) != 1 || len(w) > 0 {
		t.Errorf("files %v, warnings %v", f, w)
	}
	if n := len(files(t, dir, "")); n != 5 { // dir, v1, lock, the prefix, its segment
		t.Errorf("%d files and folders: %v", n, files(t, dir, ""))
	}
}

func TestCapRemovesWhatWasNotUsedForLongest(t *testing.T) {
	dir := t.TempDir()
	var w warnings
	now := time.Unix(1e9, 0)
	open := func(limit int64) *Store {
		s := onDisk(t, dir, limit, &w)
		s.disk.now = func() time.Time { now = now.Add(time.Minute); return now }
		return s
	}
	s := open(1 << 30)
	for _, name := range []string{"a", "b", "c"} {
		add(t, s, name, keys(name, 10))
	}
	held(t, s, "a", keys("a", 10)) // used again
	info, err := os.Stat(s.disk.segments(key("c"))[0])
	if err != nil {
		t.Fatal(err)
	}
	add(t, open(3*info.Size()+500), "d", keys("d", 10)) // a, c and d fit; sizes differ by less than 500
	for name, want := range map[string]int{"a": 10, "b": 0, "c": 10, "d": 10} {
		if n := held(t, open(1<<30), name, keys(name, 10)); n != want {
			t.Errorf("of %s %d entries are there, want %d", name, n, want)
		}
	}
	if len(files(t, dir, key("b").String())) != 0 {
		t.Error("the folder of b is there")
	}
	if len(w) > 0 {
		t.Error(w)
	}
	// A prefix never makes room for itself, and goes on in memory.
	small := open(2*info.Size() - 500)
	small.options.Memory = 1 << 20
	set := small.Set(key("a"))
	for _, k := range keys("more", 10) {
		if _, err := set.Add(k, made(k), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(set.Flush(), set.Close()); err != nil {
		t.Fatal(err)
	}
	if len(w) != 1 || !strings.Contains(w[0], "more than the cap") {
		t.Errorf("warnings %q", w)
	}
	if n := held(t, small, "a", append(keys("a", 10), keys("more", 10)...)); n != 20 {
		t.Errorf("%d of 20 entries are there", n)
	}
}

// A disk that is full, or no disk at all, costs a warning and the memory.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	full := func(dir, _ string) (*os.File, error) { // through a link: who fails to write removes the name it wrote under
		link := filepath.Join(dir, ".part-full")
		if err := os.Symlink("/dev/full", link); err != nil {
			return nil, err
		}
		return os.OpenFile(link, os.O_WRONLY, 0)
	}
	for name, c := range map[string]struct {
		breakIt func(*Store)
		text    string
	}{
		"no space left": {func(s *Store) { s.disk.create = full }, "no space left"},
		"little space":  {func(s *Store) { s.disk.free = func(string) (int64, error) { return spare, nil } }, "are free on the disk"},
		"no folder":     {func(s *Store) { s.disk.root = "/dev/null/x" }, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			var w warnings
			dir := t.TempDir()
			s := onDisk(t, dir, 1<<30, &w)
			s.options.Memory, s.segment = 1<<20, 100
			c.breakIt(s)
			add(t, s, "a", keys("a", 50))
			if n := held(t, s, "a", keys("a", 50)); n != 50 {
				t.Errorf("%d of 50 entries are there", n)
			}
			if len(w) != 1 || !strings.Contains(w[0], c.text) {
				t.Errorf("warnings %q", w)
			}
			if left := append(files(t, dir, suffix), files(t, dir, ".part-full")...); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			set := onDisk(t, dir, 1<<30, &w).Set(key("x"))
			c.breakIt(set.store)
			_, err := set.Add(key("x"), []float32{1}, 0)
			if err = errors.Join(err, set.Flush()); !errors.Is(err, ErrFull) {
				t.Errorf("without memory: %v", err)
			}
		})
	}
}

func TestMemoryMakesRoom(t *testing.T) {
	s := New(Options{Memory: 100})
	put := func(prefix string, n int) error {
		set := s.Set(key(prefix))
		defer set.Close()
		_, err := set.Add(key("entry"), make([]float32, n), 0)
		return err
	}
	has := func(prefix string) bool {
		set := s.Set(key(prefix))
		defer set.Close()
		return set.Find(key("entry")) != nil
	}
	for _, prefix := range []string{"a", "b"} {
		if err := put(prefix, 10); err != nil {
			t.Fatal(err)
		}
	}
	if !has("a") || !has("b") || !has("a") { // b is the one not used for longer
		t.Fatal("entries are missing")
	}
	if err := put("c", 10); err != nil || has("b") || !has("a") || !has("c") {
		t.Errorf("%v: a %v, b %v, c %v", err, has("a"), has("b"), has("c"))
	}
	open := s.Set(key("a"))
	if set := s.Set(key("d")); set.Fits(20) || !set.Fits(15) {
		t.Error("room is counted wrong")
	}
	if err := put("d", 20); !errors.Is(err, ErrFull) {
		t.Errorf("%v: what is in use made room", err)
	}
	open.Close()
}

func TestUnfinishedFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	var w warnings
	s := onDisk(t, dir, 1<<30, &w)
	add(t, s, "a", keys("a", 1))
	for _, name := range []string{".part-old", ".part-young"} {
		if err := os.WriteFile(filepath.Join(s.disk.dir(key("a")), name), []byte("torn"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(filepath.Join(s.disk.dir(key("a")), ".part-old"), long, long); err != nil {
		t.Fatal(err)
	}
	add(t, s, "b", keys("b", 1))
	if len(files(t, dir, ".part-old")) != 0 || len(files(t, dir, ".part-young")) != 1 {
		t.Errorf("%v", files(t, dir, ""))
	}
}
