package process

import (
	"fmt"
	"syscall"
	"time"

	"automl/trial"
)

// guardEvery is the time between two looks at what a child takes.
const guardEvery = 250 * time.Millisecond

// guard ends a child that takes more than it may: memory that no control group holds it to, and processes, where a limit that is held
// would only have it run against it for ever.
func (p *Process) guard() {
	defer close(p.watched)
	watchMemory := p.spec.Memory > 0 && p.memory.dir == ""
	if !watchMemory && p.spec.Tasks <= 0 {
		return
	}
	for {
		fired, cancel := p.spec.Clock.After(guardEvery)
		select {
		case <-p.exited:
			cancel()
			return
		case <-fired:
		}
		if why := p.excess(watchMemory); why != nil {
			p.kill(*why)
			return
		}
	}
}

// excess says what the child takes too much of; nil: nothing.
func (p *Process) excess(memory bool) *Reason {
	if p.tasks.dir != "" && p.tasks.refused() {
		return p.tooMany("killed for")
	}
	if !memory && p.tasks.dir != "" {
		return nil
	}
	all := members(p.pid)
	if p.tasks.dir == "" && p.spec.Tasks > 0 && tasks(all) > p.spec.Tasks {
		return p.tooMany("killed for")
	}
	if memory && resident(all) > p.spec.Memory { // the exact figure costs more
		if n := footprint(all); n > p.spec.Memory {
			return &Reason{Failure: trial.OOM, Message: fmt.Sprintf("killed for its use of memory: %d MiB in %d processes, the limit is %d MiB",
				n>>20, len(all), p.spec.Memory>>20)}
		}
	}
	return nil
}

func (p *Process) tooMany(how string) *Reason {
	return &Reason{Failure: trial.Processes, Message: fmt.Sprintf("%s starting more than %d processes and threads; if it needs them, the runner's --max-processes allows more", how, p.spec.Tasks)}
}

// kill ends the child at once, for a reason of ours.
func (p *Process) kill(why Reason) {
	p.mu.Lock()
	if p.why == nil {
		p.why = &why
	}
	p.mu.Unlock()
	p.tasks.kill()
	p.signal(syscall.SIGKILL)
}
