package process

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/process/processtest"
	"automl/runner/protocol"
	"automl/trial"
)

func TestMain(m *testing.M) { processtest.Main(m) }

// recorder is a Handler that decides by a function and keeps what it is told.
type recorder struct {
	decide   func(r protocol.Report) trial.Verb
	refuse   error // of a checkpoint
	mu       sync.Mutex
	said     []string
	reports  []protocol.Report
	progress chan protocol.Progress
}

func (h *recorder) note(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = append(h.said, text)
}

func (h *recorder) Report(r protocol.Report) (trial.Verb, string) {
	h.note("report")
	h.reports = append(h.reports, r)
	if h.decide == nil {
		return trial.Continue, ""
	}
	return h.decide(r), "because"
}

func (h *recorder) Checkpoint(int) error         { h.note("checkpoint"); return h.refuse }
func (h *recorder) Artifact(trial.Metrics) error { h.note("artifact"); return nil }
func (h *recorder) Folds(protocol.Folds)         { h.note("folds") }
func (h *recorder) Progress(p protocol.Progress) { h.progress <- p }
func (h *recorder) Beat()                        {}
func (h *recorder) told() string                 { return strings.Join(h.said, " ") }
func always(v trial.Verb) func(protocol.Report) trial.Verb {
	return func(protocol.Report) trial.Verb { return v }
}

// spec is the work "epochs 1 to 3 of 9 in fold 2" with a scripted trainer.
func spec(t *testing.T, h *recorder, out io.Writer, steps ...string) Spec {
	t.Helper()
	home := t.TempDir()
	h.progress = make(chan protocol.Progress, 10)
	w := protocol.Work{Study: "s", Phase: trial.Search, Fold: 2, Epochs: 9, To: trial.Resource{Fold: 2, Epoch: 3},
		From: trial.Resource{Fold: 2}, CheckpointOut: home, Scratch: home}
	return Spec{Argv: processtest.Command(steps...), Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")},
		Work: w, Home: home, Output: out, Handler: h, Grace: time.Minute, Obey: time.Minute, Clock: SystemClock(),
		Log: zerolog.New(zerolog.NewTestWriter(t))}
}

func start(t *testing.T, s Spec) *Process {
	t.Helper()
	p, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestScripts(t *testing.T) {
	long := "long=300000"
	tests := []struct {
		name   string
		steps  []string
		decide func(protocol.Report) trial.Verb
		want   Outcome // Message: what it must contain
		told   string
		output string // what the output must contain
	}{
		{"happy", []string{"folds=abc", "train"}, nil, Outcome{Verb: trial.Continue, Epoch: 3},
			"folds report checkpoint report checkpoint report checkpoint", ""},
		{"stop", []string{"train"}, always(trial.Stop), Outcome{Verb: trial.Stop, Epoch: 1}, "report", ""},
		{"stop, untidy", []string{"report=1", "exit=3"}, always(trial.Stop), Outcome{Verb: trial.Stop, Epoch: 1}, "report", ""},
		{"pause", []string{"train"}, always(trial.Pause), Outcome{Verb: trial.Pause, Epoch: 1}, "report checkpoint", ""},
		{"pause, then a crash", []string{"report=1", "exit=3"}, always(trial.Pause),
			Outcome{Verb: trial.Pause, Epoch: 1, Failure: trial.Crash, Message: "exit status 3"}, "report", ""},
		{"told to stop and goes on", []string{"report=1", "report=2", "hang"}, always(trial.Stop),
			Outcome{Verb: trial.Stop, Epoch: 1}, "report", ""},
		{"stopped early by itself", []string{"last=2"}, nil, Outcome{Verb: trial.Continue, Epoch: 2, Over: true}, "report", ""},
		{"ended early", []string{"report=1", "print=bye"}, nil,
			Outcome{Verb: trial.Continue, Epoch: 1, Failure: trial.Protocol, Message: "reported only up to epoch 1 of 3\nbye"}, "report", ""},
		{"never connects", []string{"print=hello"}, nil,
			Outcome{Verb: trial.Continue, Failure: trial.Protocol, Message: "reported nothing; a trainer says what each epoch gave"}, "", "hello"},
		{"trains beyond its order", []string{"report=3", "report=4", "hang"}, nil,
			Outcome{Verb: trial.Pause, Epoch: 3}, "report", ""},
		{"skips the end of its order", []string{"report=2", "report=4"}, func(r protocol.Report) trial.Verb {
			if r.Epoch > 3 {
				return trial.Stop
			}
			return trial.Continue
		}, Outcome{Verb: trial.Stop, Epoch: 4}, "report report", ""},
		{"crash", []string{"report=1", "stderr=Traceback: boom", "exit=7"}, nil,
			Outcome{Verb: trial.Continue, Epoch: 1, Failure: trial.Crash, Message: "exit status 7\nTraceback: boom"}, "report", ""},
		{"signal", []string{"die=9"}, nil, Outcome{Verb: trial.Continue, Failure: trial.Signal, Message: "killed by SIGKILL"}, "", ""},
		{"named failure", []string{"fail=nan", "exit=1"}, nil,
			Outcome{Verb: trial.Continue, Failure: trial.NaN, Message: "it said nan"}, "", ""},
		{"a failure it may not name", []string{"fail=aborted", "exit=1"}, nil,
			Outcome{Verb: trial.Continue, Failure: trial.Crash, Message: "it said aborted"}, "", ""},
		{"out of GPU memory", []string{"stderr=torch.OutOfMemoryError: CUDA out of memory.", "exit=1"}, nil,
			Outcome{Verb: trial.Continue, Failure: trial.OOM, Message: "ran out of memory"}, "", ""},
		{"printed reports", []string{`print=automl: {"epoch":1,"acc":0.5}`, `print=automl: {"epoch":3,"acc":NaN}`}, nil,
			Outcome{Verb: trial.Continue, Epoch: 3}, "report report", ""},
		{"printed report, stopped", []string{`print=automl: {"epoch":1,"acc":0.5}`, "hang"}, always(trial.Pause),
			Outcome{Verb: trial.Pause, Epoch: 1}, "report", ""},
		{"printed garbage", []string{`print=automl: {"epoch":`, `print=automl: {"epoch":3}`}, nil,
			Outcome{Verb: trial.Continue, Epoch: 3}, "report", ""},
		{"oversize line", []string{long, "read", "raw=" + `{"report":{"fold":2,"epoch":3}}`, "read"}, nil,
			Outcome{Verb: trial.Continue, Epoch: 3}, "report", `{"error":"a line of more than 256 KiB"}`},
		{"oversize report", []string{"raw=" + `{"report":{"fold":2,"epoch":3,"metrics":{"` + strings.Repeat("<", 40000) + `":1}}}`, "read"}, nil,
			Outcome{Verb: trial.Continue, Failure: trial.Protocol, Message: "reported nothing"}, "", `{"error":"a message of more than 32 KiB"}`},
		{"garbage line", []string{"raw=garbage", "read", "again", "raw=" + `{"report":{"fold":2,"epoch":3}}`, "read"}, nil,
			Outcome{Verb: trial.Continue, Epoch: 3}, "report", `answer: {"error":"no message`},
		{"wrong fold", []string{"raw=" + `{"report":{"fold":1,"epoch":3}}`, "read"}, nil,
			Outcome{Verb: trial.Continue, Failure: trial.Protocol, Message: "reported nothing"}, "", "the work is fold 2"},
		{"artifact out of place", []string{"raw=" + `{"artifact":{}}`, "read", "report=3"}, nil,
			Outcome{Verb: trial.Continue, Epoch: 3}, "report", "only a refit has one"},
		{"last words", []string{"raw=" + `{"folds":{}}`, "raw=" + `{"report":{"fold":2,"epoch":3}}`}, nil,
			Outcome{Verb: trial.Continue, Epoch: 3}, "folds report", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := &recorder{decide: tt.decide}
			var out bytes.Buffer
			got := start(t, spec(t, h, &out, tt.steps...)).Wait()
			if !strings.Contains(got.Message, tt.want.Message) || tt.want.Failure == "" && got.Message != "" {
				t.Errorf("the message is %q", got.Message)
			}
			if got.Message = tt.want.Message; !reflect.DeepEqual(got, tt.want) {
				t.Errorf("the outcome is %+v, want %+v; output:\n%s", got, tt.want, &out)
			}
			if h.told() != tt.told {
				t.Errorf("the handler was told %q, want %q", h.told(), tt.told)
			}
			if !strings.Contains(out.String(), tt.output) {
				t.Errorf("the output is %q", out.String())
			}
		})
	}
}

func TestRefusedCheckpointIsAnError(t *testing.T) {
	h := &recorder{refuse: errors.New("disk full")}
	got := start(t, spec(t, h, nil, "train")).Wait()
	if got.Failure != trial.Crash || !strings.Contains(got.Message, "disk full") {
		t.Errorf("the outcome is %+v", got)
	}
}

func TestRefitReportsToNobody(t *testing.T) {
	h := &recorder{}
	s := spec(t, h, nil, "train", `raw={"report":{"epoch":3,"metrics":{"test_acc":0.25,"val_acc":NaN}}}`, "read")
	s.Work.Phase, s.Work.Fold, s.Work.ArtifactOut = trial.Refit, -1, t.TempDir()
	got := start(t, s).Wait()
	if got.Failure != "" || h.told() != "artifact" {
		t.Errorf("the outcome is %+v, told %q", got, h.told())
	}
	if want := (trial.Metrics{{Name: "test_acc", Value: 0.25}}); !reflect.DeepEqual(got.Metrics, want) {
		t.Errorf("of the last report %+v is kept, want %+v", got.Metrics, want)
	}
}

func TestStopKillsWhatIgnoresTerm(t *testing.T) {
	for _, spawn := range []string{"spawn", "spawn-session"} {
		t.Run(spawn, func(t *testing.T) {
			h := &recorder{}
			s := spec(t, h, nil, "ignore-term", spawn, "hang")
			clock := processtest.NewClock()
			s.Clock = clock
			p := start(t, s)
			grandchild := (<-h.progress).Step
			p.Stop(Reason{Failure: trial.Timeout, Message: "too slow"})
			p.Stop(Reason{Failure: trial.Aborted, Message: "too late to change the reason"})
			clock.Await(t, time.Minute, time.Minute)
			clock.Advance(s.Grace)
			if got := p.Wait(); got.Failure != trial.Timeout || got.Message != "too slow" {
				t.Errorf("the outcome is %+v", got)
			}
			processtest.AwaitDeath(t, grandchild)
		})
	}
}

func TestLeftBehindIsKilled(t *testing.T) {
	h := &recorder{}
	p := start(t, spec(t, h, nil, "spawn", "spawn-session", "report=3"))
	one, two := (<-h.progress).Step, (<-h.progress).Step
	if got := p.Wait(); got.Failure != "" {
		t.Errorf("the outcome is %+v", got)
	}
	processtest.AwaitDeath(t, one)
	processtest.AwaitDeath(t, two)
}

func TestDecisionIsEnforced(t *testing.T) {
	clock := processtest.NewClock()
	h := &recorder{decide: always(trial.Stop)}
	s := spec(t, h, nil, "report=1", "hang")
	s.Clock = clock
	p := start(t, s)
	clock.Await(t, time.Minute, time.Minute)
	clock.Advance(s.Obey)
	if got := p.Wait(); got.Verb != trial.Stop || got.Failure != "" {
		t.Errorf("the outcome is %+v", got)
	}
}

func TestLongHomeHasAShortSocket(t *testing.T) {
	for _, length := range []int{10, 120} {
		h := &recorder{}
		var out bytes.Buffer
		s := spec(t, h, &out, "env=AUTOML_SOCKET", "train")
		s.Home = filepath.Join(s.Home, strings.Repeat("x", length))
		if err := os.Mkdir(s.Home, 0o700); err != nil {
			t.Fatal(err)
		}
		if got := start(t, s).Wait(); got.Failure != "" {
			t.Errorf("the outcome is %+v", got)
		}
		socket := strings.Trim(strings.TrimPrefix(out.String(), "AUTOML_SOCKET="), ";\n")
		if _, err := os.Stat(socket); !os.IsNotExist(err) || len(socket) > maxSocketPath {
			t.Errorf("the socket %q stayed: %v", socket, err)
		}
	}
}

func TestStartFails(t *testing.T) {
	for _, argv := range [][]string{nil, {"no-such-program"}, {"/no/such/program"}} {
		s := spec(t, &recorder{}, nil)
		s.Argv = argv
		if p, err := Start(s); err == nil {
			t.Errorf("%v was started: %+v", argv, p.Wait())
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	if g := newMemoryGroup(1<<30, zerolog.Nop()); g.dir == "" {
		t.Skip("no control group can be made here")
	} else {
		g.remove()
	}
	s := spec(t, &recorder{}, nil, "eat=2000", "report=3")
	s.Memory = 200 << 20
	if got := start(t, s).Wait(); got.Failure != trial.OOM {
		t.Errorf("the outcome is %+v", got)
	}
}
