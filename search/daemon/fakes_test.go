package daemon

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"automl/trial"
)

// memory is a store whose next changes can be made to fail. Like the real one it does nothing for a caller who has hung up.
type memory struct {
	mu      sync.Mutex
	studies []trial.Study
	events  map[string][]trial.Event
	broken  int           // changes that will fail
	during  func()        // called by the next append
	lost    error         // another daemon has taken over
	gate    chan struct{} // appends wait for it; nil: they do not
	appends int
}

func (m *memory) CreateStudy(_ context.Context, s trial.Study) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.studies = append(m.studies, s)
	return nil
}

func (m *memory) Studies(context.Context) ([]trial.Study, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]trial.Study{}, m.studies...), nil
}

func (m *memory) Events(_ context.Context, study string, after int64) ([]trial.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]trial.Event{}, m.events[study][after:]...), nil
}

func (m *memory) Append(ctx context.Context, study string, events []trial.Event) error {
	m.mu.Lock()
	gate := m.gate
	m.mu.Unlock()
	if gate != nil {
		<-gate
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.appends++
	if m.during != nil {
		m.during()
		m.during = nil
	}
	if err := m.fault(ctx); err != nil {
		return err
	}
	m.events[study] = append(m.events[study], events...)
	return nil
}

// fault is why nothing can be changed now. The lock is held.
func (m *memory) fault(ctx context.Context) error {
	if m.broken > 0 {
		m.broken--
		return errors.New("disk full")
	}
	return ctx.Err()
}

func (m *memory) Owned(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lost
}

func (m *memory) DeleteStudy(ctx context.Context, study string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fault(ctx); err != nil {
		return err
	}
	delete(m.events, study)
	for i, s := range m.studies {
		if s.ID == study {
			m.studies = append(m.studies[:i], m.studies[i+1:]...)
			break
		}
	}
	return nil
}

// bus is a bus whose runners are the test.
type bus struct {
	inbox chan trial.Mail
	mu    sync.Mutex
	work  []trial.Assignment
	sent  []trial.Outbound
}

func (b *bus) Publish(_ context.Context, work ...trial.Assignment) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.work = append(b.work, work...)
	return nil
}

func (b *bus) Send(_ string, answers ...trial.Outbound) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, answers...)
	return nil
}

func (b *bus) Inbox() <-chan trial.Mail { return b.inbox }

// take returns the work handed out since the last call, once the daemon is idle.
func (b *bus) take() []trial.Assignment {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.work
	b.work = nil
	return w
}

// last is the last answer sent.
func (b *bus) last() trial.Outbound {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.sent) == 0 {
		return trial.Outbound{}
	}
	return b.sent[len(b.sent)-1]
}

// house is a daemon with its fakes, inside a synctest bubble.
type house struct {
	t     *testing.T
	d     *Daemon
	store *memory
	bus   *bus
	spec  Spec
	stop  func()
	acks  int
	ended chan error // of the daemon
}

func newHouse(t *testing.T, store *memory) *house { return newHouseWith(t, store, testSpec()) }

func newHouseWith(t *testing.T, store *memory, spec Spec) *house {
	t.Helper()
	h := &house{t: t, store: store, spec: spec, bus: &bus{inbox: make(chan trial.Mail)}}
	decode := func(s trial.Study) (Spec, error) {
		spec := spec
		spec.Study = s
		return spec, nil
	}
	d, err := New(t.Context(), Config{Store: store, Bus: h.bus, Decode: decode, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	h.d, h.ended = d, done
	h.stop = func() { cancel(); <-d.over }
	return h
}

// newTraining is a house whose only runner, run1 with one slot, has the lease of the first attempt of a study.
func newTraining(t *testing.T, store *memory) (*house, trial.Key) {
	t.Helper()
	h := newHouse(t, store)
	h.submit()
	h.heartbeat("run1", time.Now(), 1)
	work := h.bus.take()
	if len(work) != 1 || !h.announce(work[0].Key(), "run1").Granted {
		h.stop()
		t.Fatalf("no lease of %+v", work)
	}
	return h, work[0].Key()
}

func newMemory() *memory { return &memory{events: map[string][]trial.Event{}} }

func (h *house) submit() {
	h.t.Helper()
	s := testSpec().Study
	s.Digest = "d1"
	if _, _, err := h.d.Submit(h.t.Context(), s); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) heartbeat(run string, started time.Time, slots int, attempts ...trial.Key) {
	h.beat("box", run, started, slots, attempts...)
}

func (h *house) beat(name, run string, started time.Time, slots int, attempts ...trial.Key) {
	info := &trial.RunnerInfo{Name: name, Run: run, Slots: slots, Started: started, Attempts: attempts}
	h.bus.inbox <- trial.Mail{Heartbeat: info}
	synctest.Wait()
}

func (h *house) announce(key trial.Key, run string) trial.Grant { return h.ask(key, "box", run) }

func (h *house) ask(key trial.Key, name, run string) trial.Grant {
	got := make(chan trial.Grant, 1)
	h.bus.inbox <- trial.Mail{Announce: &trial.Announce{Key: key, Runner: name, Run: run}, Reply: func(g trial.Grant) { got <- g }}
	synctest.Wait()
	select {
	case g := <-got:
		return g
	default:
		return trial.Grant{Reason: "no answer"}
	}
}

func (h *house) report(key trial.Key, run string, n int64, epoch int, value float64) {
	h.bus.inbox <- trial.Mail{Ack: func() { h.acks++ }, Inbound: &trial.Inbound{Key: key, Run: run, N: n,
		Report: &trial.Report{Epoch: epoch, Metrics: trial.Metrics{{Name: "acc", Value: value}}}}}
	synctest.Wait()
}

func (h *house) exit(key trial.Key, run string, n int64, kind trial.Failure) {
	h.bus.inbox <- trial.Mail{Ack: func() { h.acks++ }, Inbound: &trial.Inbound{Key: key, Run: run, N: n,
		Exit: &trial.Exit{Failure: kind, Message: "it broke"}}}
	synctest.Wait()
}

// trial reads a trial from the record, as anybody can.
func (h *house) trial(n int) *trial.Trial {
	h.t.Helper()
	s := trial.NewState(h.store.studies[0])
	events, _ := h.store.Events(h.t.Context(), "s1", 0)
	for _, e := range events {
		if err := s.Apply(e); err != nil {
			h.t.Fatal(err)
		}
	}
	return s.Trial(n)
}
