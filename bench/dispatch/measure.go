package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"automl/search/daemon"
	"automl/trial"
	"automl/trial/dispatch"
	"automl/trial/store"
)

// setting is one measurement.
type setting struct {
	epochs, trials int
	runners, slots int
	metrics        int
	profile        string
}

// result is what it gave.
type result struct {
	took   time.Duration // from the study's submission to its end on record
	daemon time.Duration // processor time of the daemon's process
	side   sideResult
	group  float64       // events in a transaction
	commit time.Duration // what one takes
}

func (r result) trials(s setting) float64  { return float64(s.trials) / r.took.Seconds() }
func (r result) reports(s setting) float64 { return r.trials(s) * float64(s.epochs) }

// perReport is microseconds for each report.
func (r result) perReport(s setting, d time.Duration) float64 {
	return float64(d.Nanoseconds()) / 1e3 / float64(s.trials*s.epochs)
}

// watched is a record that says when a study is done.
type watched struct {
	*store.DB
	mu              sync.Mutex
	commits, events int
	took            time.Duration
	done            chan struct{}
}

func (w *watched) Append(ctx context.Context, study string, events []trial.Event) error {
	begun := time.Now()
	err := w.DB.Append(ctx, study, events)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.took += time.Since(begun)
	w.commits++
	w.events += len(events)
	w.mu.Unlock()
	for _, e := range events {
		if d := e.Decision; d != nil && d.What == trial.Moved && d.Study == trial.StudyDone {
			close(w.done)
		}
	}
	return nil
}

// measure has a study trained from its submission to its end.
func measure(ctx context.Context, parent string, s setting) (r result, err error) {
	dir, err := os.MkdirTemp(parent, "dispatch")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	db, err := store.Open(ctx, dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	bus, err := dispatch.Serve(dispatch.ServeOptions{Dir: dir, Log: zerolog.Nop()})
	if err != nil {
		return r, err
	}
	defer bus.Shutdown()
	b, err := dispatch.NewDaemon(ctx, dispatch.Options{URL: bus.URL(), Credentials: bus.Credentials(dispatch.RoleDaemon), Log: zerolog.Nop()})
	if err != nil {
		return r, err
	}
	defer b.Close()
	record := &watched{DB: db, done: make(chan struct{})}
	d, err := daemon.New(ctx, daemon.Config{Store: record, Bus: b, Decode: s.spec, Log: zerolog.Nop()})
	if err != nil {
		return r, err
	}
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	side, err := startSide(sideConfig{URL: bus.URL(), Auth: filepath.Join(dir, dispatch.AuthFile), Dir: filepath.Join(dir, "runners"),
		Runners: s.runners, Slots: s.slots, Metrics: s.metrics, Profile: s.profileOf("runners")})
	if err != nil {
		return r, err
	}
	defer side.end()
	if err := s.await(ctx, d); err != nil {
		return r, err
	}
	stop, err := s.startProfile()
	if err != nil {
		return r, err
	}
	begun, used := time.Now(), processor()
	if _, _, err := d.Submit(ctx, s.study()); err != nil {
		return r, err
	}
	select {
	case <-record.done:
	case err := <-ended:
		return r, fmt.Errorf("the daemon ended: %w", err)
	}
	r.took, r.daemon = time.Since(begun), processor()-used
	stop()
	r.group = float64(record.events) / float64(record.commits)
	r.commit = record.took / time.Duration(record.commits)
	if r.side, err = side.finish(); err != nil {
		return r, err
	}
	return r, s.check(ctx, db)
}

// await waits until all runners are there.
func (s setting) await(ctx context.Context, d *daemon.Daemon) error {
	for range 600 {
		there, err := d.Runners(ctx)
		if err != nil || len(there) == s.runners {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the runners do not come")
}

// check looks whether the record has every report of every trial.
func (s setting) check(ctx context.Context, db *store.DB) error {
	state, err := db.Load(ctx, studyID)
	if err != nil {
		return err
	}
	if len(state.Trials) != s.trials {
		return fmt.Errorf("%d trials on record, not %d", len(state.Trials), s.trials)
	}
	for _, t := range state.Trials {
		if t.Status != trial.Complete || t.Epochs != s.epochs {
			return fmt.Errorf("trial %d is %s with %d epochs on record, not COMPLETE with %d", t.Number, t.Status, t.Epochs, s.epochs)
		}
	}
	return nil
}

func (s setting) profileOf(side string) string {
	if s.profile == "" {
		return ""
	}
	return filepath.Join(s.profile, fmt.Sprintf("%s-%d.pprof", side, s.epochs))
}

func (s setting) startProfile() (stop func(), err error) { return startProfile(s.profileOf("daemon")) }

// startProfile writes a processor profile until stop is called; none where path is empty.
func startProfile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); f.Close() }, pprof.StartCPUProfile(f)
}

// processor is the processor time of this process so far: unlike the clock it does not depend on who else runs.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// side is the process of the runners.
type side struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

func startSide(c sideConfig) (*side, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &side{cmd: exec.Command(self, sideOfRunners)}
	s.cmd.Stderr = os.Stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = json.NewDecoder(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	return s, json.NewEncoder(s.in).Encode(c)
}

// finish has the runners drain, and takes what they measured.
func (s *side) finish() (r sideResult, err error) {
	if err := s.in.Close(); err != nil {
		return r, err
	}
	return r, s.out.Decode(&r)
}

func (s *side) end() {
	_ = s.in.Close()
	_ = s.cmd.Wait()
}
