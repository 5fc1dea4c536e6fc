package process

import (
	"bytes"
	"cmp"
	_ "embed" // the text of the resident process
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	residentIdle  = 10 * time.Minute // without a child, after which a resident process ends
	residentTries = 3                // deaths before its trainers are started cold for good
	residentLoad  = 5 * time.Minute  // it may load for so long
)

// Preload says what a resident process is: a Python interpreter that has loaded what the trainers forked from it need.
type Preload struct {
	Python []string // the interpreter and its options
	Script []string // the file, or -m and the name of a module
	Dir    string   // the working directory; empty: that of this process
	Env    []string // what all its trainers have in common
	Import []string // modules to import; none: those that the script imports at its top
	Setup  string   // module:function, called once; may be empty
	Memory int64    // bytes it may take while it loads, 0: any number
	Limit  time.Duration
}

// Residents are the resident processes of a runner, one for each Preload. The zero value is not ready for use: NewResidents.
type Residents struct {
	mark  string // begins the AUTOML_ASSIGNMENT of each, by which Reap finds it
	clock Clock
	log   zerolog.Logger

	mu     sync.Mutex
	all    map[string]*Resident
	closed bool
}

// NewResidents has none yet. dir is a folder given to Reap at the next start.
func NewResidents(dir string, clock Clock, log zerolog.Logger) *Residents {
	return &Residents{mark: dir, clock: clock, log: log, all: map[string]*Resident{}}
}

// For is the resident process for a Preload. It is started with its first child.
func (r *Residents) For(p Preload) *Resident {
	key, _ := json.Marshal(p) // strings and numbers alone
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.all[string(key)]
	if one == nil {
		one = &Resident{preload: p, owner: r}
		r.all[string(key)] = one
	}
	return one
}

// Abandon ends those that are still loading: who waits for them starts cold.
func (r *Residents) Abandon() { r.end(false) }

// Close ends all of them, and with them their children.
func (r *Residents) Close() { r.end(true) }

func (r *Residents) end(ready bool) {
	r.mu.Lock()
	r.closed = true
	all := slices.Collect(maps.Values(r.all))
	r.mu.Unlock()
	for _, one := range all {
		one.mu.Lock()
		if z := one.at; z != nil && (ready || !z.loaded()) {
			z.kill()
		}
		one.mu.Unlock()
	}
}

// Resident is one resident process, which is started anew when it dies.
type Resident struct {
	preload Preload
	owner   *Residents

	loading sync.Mutex // held by who starts it; the others wait
	mu      sync.Mutex
	at      *zygote // nil: none was started yet
	deaths  int
	cold    string // why there is no further try; empty: there is
	busy    int    // children
	uses    int
}

var errCold = errors.New("its resident process is given up")

// get is the process, loaded. An error says why the trainer has to be started cold.
func (r *Resident) get() (*zygote, error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	r.mu.Lock()
	z, cold, closed := r.at, r.cold, r.owner.over()
	r.mu.Unlock()
	switch {
	case cold != "":
		return nil, fmt.Errorf("%w: %s", errCold, cold)
	case closed:
		return nil, fmt.Errorf("%w: the runner ends", errCold)
	case z != nil && z.alive() && !z.retired: // one that nobody needed any more may take its time to end
		return z, nil
	case z != nil && !z.retired: // it died at work
		if why := r.died(z.end()); why != "" {
			return nil, r.giveUp(r.owner.log, why)
		}
	}
	return r.start()
}

func (r *Residents) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// died counts, and says why there is no further try; empty: there is.
func (r *Resident) died(how string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaths++
	if r.deaths < residentTries {
		return ""
	}
	return fmt.Sprintf("it ended %d times, the last time: %s", r.deaths, how)
}

// start starts the process and waits until it has loaded. Only one caller at a time.
func (r *Resident) start() (*zygote, error) {
	log := r.owner.log.With().Strs("script", r.preload.Script).Logger()
	began := r.owner.clock.Now()
	z, err := startZygote(r.preload, r.owner.mark, r.owner.clock, log)
	if err != nil {
		return nil, r.giveUp(log, err.Error())
	}
	r.mu.Lock()
	r.at = z
	if r.owner.over() {
		z.kill()
	}
	r.mu.Unlock()
	limit := cmp.Or(r.preload.Limit, residentLoad)
	ready, err := z.load(r.preload, min(limit, residentLoad))
	if err != nil && r.owner.over() {
		return nil, fmt.Errorf("%w: the runner ends", errCold)
	}
	if err != nil {
		z.kill()
		return nil, r.giveUp(log, err.Error())
	}
	log.Info().Float64("seconds", r.owner.clock.Now().Sub(began).Seconds()).Int64("bytes", ready.Memory).Int("modules", ready.Modules).
		Msg("a resident process is ready: its trainers begin with what it has loaded")
	return z, nil
}

// giveUp says, once, that trainers are started cold from now on, and why.
func (r *Resident) giveUp(log zerolog.Logger, why string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cold, _, _ = strings.Cut(why, "\n")
	log.Warn().Str("why", why).Msg("no resident process: each trainer is started as a program of its own and loads everything anew")
	return fmt.Errorf("%w: %s", errCold, r.cold)
}

// fork makes a child, which waits at its gate.
func (r *Resident) fork(job string, out []*os.File) (*forked, error) {
	z, err := r.get()
	if err != nil {
		return nil, err
	}
	r.use(1, z)
	f, err := z.fork(job, out)
	if err != nil {
		r.use(-1, z)
		return nil, err
	}
	f.release = sync.OnceFunc(func() { r.use(-1, z) })
	return f, nil
}

// use counts children. Without any for some time the process ends: its study is over, as a rule.
func (r *Resident) use(by int, z *zygote) {
	r.mu.Lock()
	r.busy += by
	r.uses++
	uses, idle := r.uses, r.busy == 0
	r.mu.Unlock()
	if !idle {
		return
	}
	fired, cancel := r.owner.clock.After(residentIdle)
	go func() {
		defer cancel()
		select {
		case <-z.gone:
		case <-fired:
			r.loading.Lock() // nobody is given it meanwhile
			defer r.loading.Unlock()
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.uses == uses && r.at == z {
				z.retired = true
				z.kill()
			}
		}
	}()
}

// residentText is the program of a resident process.
//
//go:embed resident.py
var residentText string

// packet is what a resident process says.
type packet struct {
	Ready   *readiness `json:"ready"`
	Error   string     `json:"error"`
	Forked  int        `json:"forked"`
	Refused string     `json:"refused"` // why it cannot fork
	Ended   int        `json:"ended"`
	Code    int        `json:"code"`   // si_code of waitid
	Status  int        `json:"status"` // an exit status, or a signal
}

type readiness struct {
	Memory  int64 `json:"memory"`
	Modules int   `json:"modules"`
}

// residentEnv is the environment of a resident process: that of its trainers, without GPUs, with what keeps torch from asking CUDA and
// tokenizers from starting threads, and with room for the mark of each.
func residentEnv(p Preload, mark string) []string {
	env := slices.DeleteFunc(slices.Clone(p.Env), func(entry string) bool { return strings.HasPrefix(entry, "CUDA_VISIBLE_DEVICES=") })
	room := strings.Repeat("/", max(0, maxMark-len(mark)))
	return append(env, "CUDA_VISIBLE_DEVICES=", "PYTORCH_NVML_BASED_CUDA_CHECK=1", "TOKENIZERS_PARALLELISM=false", "AUTOML_ASSIGNMENT="+mark+room)
}

// maxMark is the longest path of a work file that a forked trainer can be known by.
const maxMark = 4096

// lastWords of an output, for a message.
func lastWords(text []byte, most int) string {
	lines := bytes.Split(bytes.TrimSpace(text), []byte{'\n'})
	return string(bytes.Join(lines[max(0, len(lines)-most):], []byte{'\n'}))
}
