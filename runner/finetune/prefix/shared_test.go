package prefix

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// writerEnv has the folder that a process of this test program shall write into, as TestKilledWriters starts them.
const writerEnv = "AUTOML_TEST_PREFIX_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		writeOn(dir, os.Args[1])
	}
	os.Exit(m.Run())
}

// writeOn writes segments for as long as it is let.
func writeOn(dir, name string) {
	s := New(Options{Dir: dir, Disk: 20_000})
	for i := 0; ; i++ {
		set := s.Set(key("a"))
		for _, k := range keys(name+strconv.Itoa(i), 20) {
			if _, err := set.Add(k, made(k), 0); err != nil {
				panic(err)
			}
		}
		if err := set.Flush(); err != nil {
			panic(err)
		}
		fmt.Println(i)
		set.Close()
	}
}

// Processes that write and are killed leave nothing behind that is read as something else than what was written.
func TestKilledWriters(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		var writers []*exec.Cmd
		for i := range 2 {
			c := exec.Command(os.Args[0], fmt.Sprint(round, "-", i, "-"))
			c.Env = append(os.Environ(), writerEnv+"="+dir)
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			writers = append(writers, c)
			lines := bufio.NewScanner(out)
			for n := 0; n < 3 && lines.Scan(); n++ {
			}
		}
		for _, c := range writers {
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = c.Wait() // it was killed
		}
		var w warnings
		n := 0
		for i := range 2 {
			for j := range 3 {
				n += held(t, onDisk(t, dir, 1<<30, &w), "a", keys(fmt.Sprint(round, "-", i, "-", j), 20))
			}
		}
		if len(w) > 0 {
			t.Error(w)
		}
		if round == 0 && n == 0 {
			t.Error("nothing was written")
		}
	}
}

// Many stores on one folder, with a cap that has them remove each other's segments all the time.
func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var workers sync.WaitGroup
	for i := range 4 {
		workers.Go(func() {
			s := New(Options{Dir: dir, Disk: 30_000, Warn: func(err error) { t.Error(err) }})
			s.disk.free = func(string) (int64, error) { return 1 << 50, nil }
			for j := range 30 {
				prefix := fmt.Sprint((i + j) % 5)
				set := s.Set(key(prefix))
				for _, k := range keys(prefix, 60) {
					e := set.Find(k)
					if e == nil {
						var err error
						if e, err = set.Add(k, made(k), time.Millisecond); err != nil {
							t.Error(err)
							return
						}
					}
					got := make([]float32, e.Len())
					if err := e.Read(got); err != nil || !same(got, made(k)) {
						t.Errorf("entry %.8s is %v: %v", k, got, err)
					}
				}
				if err := set.Flush(); err != nil {
					t.Error(err)
				}
				if err := set.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
}
