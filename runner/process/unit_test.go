package process

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"automl/runner/protocol"
	"automl/trial"
)

func TestReadLine(t *testing.T) {
	in := bufio.NewReaderSize(strings.NewReader("one\r\n"+strings.Repeat("x", 100)+"\ntwo\n\nend"), 16)
	for _, want := range []string{"one", "LONG", "two", "", "end", "EOF"} {
		line, err := readLine(in, 50)
		got := string(line)
		if errors.Is(err, errLong) {
			got = "LONG"
		} else if errors.Is(err, io.EOF) {
			got = "EOF"
		}
		if got != want {
			t.Errorf("read %q, want %q", got, want)
		}
	}
}

func TestSplitterAndTail(t *testing.T) {
	var kept tail
	s := splitter{limit: 8, each: kept.add}
	for range 30 {
		s.write([]byte("old\n"))
	}
	s.write([]byte("a\nprogress"))
	s.write([]byte(" that is too long\n 1%\r 99%\r\n\nlast"))
	s.end()
	lines := strings.Split(kept.String(), "\n")
	if want := []string{"old", "a", "progress", " 99%", "last"}; len(lines) != tailLines || !slices.Equal(lines[15:], want) {
		t.Errorf("kept %q", lines)
	}
}

func TestEnvironment(t *testing.T) {
	environ := []string{"PATH=/bin", "NATS_PASSWORD=secret", "HF_TOKEN=secret", "LC_ALL=C", "CUDA_VISIBLE_DEVICES=7", "MINE=1"}
	extra := map[string]string{"LR": "1", "OMP_NUM_THREADS": "9", "CUDA_VISIBLE_DEVICES": "0", "AUTOML_SOCKET": "forged"}
	got := Environment(environ, []string{"MINE"}, Machine{Threads: 4, GPUs: []string{"2", "3"}, GPUShare: 1, GPUMemory: 1 << 30}, extra)
	for _, want := range []string{"PATH=/bin", "LC_ALL=C", "LR=1", "MINE=1", "OMP_NUM_THREADS=9", "GOMAXPROCS=4",
		"CUDA_VISIBLE_DEVICES=2,3", "PYTHONUNBUFFERED=1", "AUTOML_ACCUMULATE=1"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %q", want, got)
		}
	}
	if all := strings.Join(got, " "); strings.Contains(all, "secret") || strings.Contains(all, "forged") {
		t.Errorf("something slipped in: %q", got)
	}
	if !slices.Contains(Environment(nil, nil, Machine{Threads: 1}, nil), "CUDA_VISIBLE_DEVICES=") {
		t.Error("without GPUs a trainer sees all of them")
	}
}

func TestEnvironmentOfAShare(t *testing.T) {
	m := Machine{GPUs: []string{"3"}, GPUShare: 0.25, GPUMemory: 2<<30 + 5}
	got := Environment(nil, nil, m, map[string]string{"XLA_PYTHON_CLIENT_MEM_FRACTION": ".1", "CUDA_DEVICE_ORDER": "FASTEST_FIRST"})
	for _, want := range []string{"AUTOML_GPU_SHARE=0.25", "AUTOML_GPU_MEMORY=2147483653", "XLA_PYTHON_CLIENT_MEM_FRACTION=.1",
		"TF_FORCE_GPU_ALLOW_GROWTH=true", "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE=25", "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=0=2048M",
		"CUDA_VISIBLE_DEVICES=3", "CUDA_DEVICE_ORDER=PCI_BUS_ID"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %q", want, got)
		}
	}
	m.GPUShare = 1
	if all := strings.Join(Environment(nil, nil, m, nil), " "); strings.Contains(all, "SHARE") || strings.Contains(all, "MPS") {
		t.Errorf("a whole GPU is shared: %s", all)
	}
}

func TestClassifyOOM(t *testing.T) {
	work := protocol.Work{Epochs: 9, To: trial.Resource{Epoch: 3}}
	killed := facts{exit: exit{signal: syscall.SIGKILL}, work: work}
	if o := classify(killed); o.Failure != trial.Signal || !strings.HasPrefix(o.Message, "killed by SIGKILL: by somebody") {
		t.Errorf("a kill by somebody is %+v", o)
	}
	killed.oom = true
	if o := classify(killed); o.Failure != trial.OOM {
		t.Errorf("a kill by the kernel is %+v", o)
	}
	done := facts{said: said{epoch: 3}, why: &Reason{Failure: trial.Timeout}, work: work}
	if o := classify(done); o.Failure != "" {
		t.Errorf("work that was done in the last moment is %+v", o)
	}
}

func TestFindMemoryGroup(t *testing.T) {
	root := t.TempDir()
	for _, file := range []string{"user/a/memory.events", "memory/b/memory.oom_control"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o755); err != nil {
			t.Fatal(err)
		}
		text := "low 0\noom_kill 3\noom_group_kill 1\n"
		if err := os.WriteFile(filepath.Join(root, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for listing, want := range map[string]string{"0::/user/a\n": "user/a", "5:cpu:/b\n4:memory:/b\n0::/\n": "memory/b", "": ""} {
		g := findMemoryGroup(root, listing)
		if want != "" && (g.own != filepath.Join(root, want) || g.kills() != 3) {
			t.Errorf("%q: found %q with %d kills", listing, g.own, g.kills())
		}
		if want == "" && (g.own != "" || g.make(1, "x") == nil) {
			t.Errorf("a group came out of nothing: %q", g.own)
		}
	}
}

func TestLookPathUsesTheChildsPath(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "python")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := LookPath("python", []string{"PATH=/nowhere:" + dir}); got != file {
		t.Errorf("found %q, %v", got, err)
	}
	if _, err := LookPath("python", nil); err == nil {
		t.Error("found a program without a PATH")
	}
}
