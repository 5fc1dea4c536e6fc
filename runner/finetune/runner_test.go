package finetune

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"automl/runner/protocol"
	"automl/trial"
)

const quickstart = "../../configs/quickstart/"

// fakeRunner is the runner's side of the protocol, in this process.
type fakeRunner struct {
	decide  func(protocol.Report) trial.Verb // nil: continue; an empty verb is no answer
	hangUp  bool                             // close the connection at the first message
	heard   []protocol.Message               // but not progress
	lines   int                              // of progress
	kept    string                           // the checkpoint taken last
	taken   int                              // checkpoints
	problem error
}

// run starts Main on a work order and returns its exit code.
func (f *fakeRunner) run(t *testing.T, ctx context.Context, work protocol.Work) int {
	t.Helper()
	dir, err := os.MkdirTemp("", "finetune") // a test's own folder may be too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, p := range []*string{&work.CheckpointOut, &work.ArtifactOut, &work.Scratch} {
		if *p == "" {
			*p = t.TempDir()
		}
	}
	text, err := json.Marshal(work)
	if err != nil {
		t.Fatal(err)
	}
	file, socket := filepath.Join(dir, "work.json"), filepath.Join(dir, "socket")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(protocol.EnvAssignment, file)
	t.Setenv(protocol.EnvSocket, socket)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.serve(listener, work, t.TempDir())
	}()
	code := Main(ctx)
	<-done // it has all that Main sent, however soon that ended
	if f.problem != nil {
		t.Error(f.problem)
	}
	return code
}

// serve answers one connection until it ends.
func (f *fakeRunner) serve(listener net.Listener, work protocol.Work, keep string) {
	conn, err := listener.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	in := bufio.NewScanner(conn)
	for in.Scan() {
		if f.hangUp {
			return
		}
		var m protocol.Message
		if f.problem = json.Unmarshal(in.Bytes(), &m); f.problem != nil {
			return
		}
		if m.Progress != nil {
			f.lines++
			continue
		}
		f.heard = append(f.heard, m)
		answer, speak := f.answer(m, work, keep)
		if !speak {
			continue
		}
		line, _ := json.Marshal(answer)
		if _, err := conn.Write(append(line, '\n')); err != nil {
			return
		}
	}
}

func (f *fakeRunner) answer(m protocol.Message, work protocol.Work, keep string) (protocol.Answer, bool) {
	switch {
	case m.Report != nil:
		verb := trial.Continue
		if f.decide != nil {
			verb = f.decide(*m.Report)
		}
		return protocol.Answer{Decision: verb}, verb != ""
	case m.Checkpoint != nil:
		f.taken++
		f.kept = filepath.Join(keep, string(rune('a'+f.taken)))
		f.problem = os.Rename(work.CheckpointOut, f.kept)
		if f.problem == nil {
			f.problem = os.Mkdir(work.CheckpointOut, 0o700)
		}
		return protocol.Answer{Checkpoint: m.Checkpoint}, true
	case m.Artifact != nil:
		return protocol.Answer{Artifact: m.Artifact}, true
	}
	return protocol.Answer{}, false
}

// reports are the reports heard.
func (f *fakeRunner) reports() []protocol.Report {
	var out []protocol.Report
	for _, m := range f.heard {
		if m.Report != nil {
			out = append(out, *m.Report)
		}
	}
	return out
}

// failure is the failure heard, if any.
func (f *fakeRunner) failure() protocol.Failure {
	for _, m := range f.heard {
		if m.Failure != nil {
			return *m.Failure
		}
	}
	return protocol.Failure{}
}
