package process

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"

	"automl/runner/protocol"
)

// Process is a running child.
type Process struct {
	spec     Spec
	workFile string
	cmd      *exec.Cmd // nil: it is a fork of a resident process
	pid      int       // of the leader of its group
	server   *server
	output   *output
	memory   *memoryGroup
	tasks    *taskGroup
	ooms     int64         // out-of-memory kills in our control group when the child was started
	exit     exit          // how it ended, once it has
	exited   chan struct{} // the child has ended and been reaped
	watched  chan struct{} // and nobody looks any more at what it takes
	done     chan struct{} // and all it said has been handled: outcome is set
	outcome  Outcome

	act sync.Mutex // held while a message is handled: one at a time

	mu      sync.Mutex
	said    said
	why     *Reason // set once somebody stopped it
	refused bool    // it was kept from starting something; set once it has exited
	reaped  bool    // its process id may belong to somebody else now
}

// Start starts a child. An error means that nothing is left running.
func Start(spec Spec) (*Process, error) {
	if len(spec.Argv) == 0 {
		return nil, errNoCommand
	}
	p := &Process{spec: spec, workFile: filepath.Join(spec.Home, "work.json"), exited: make(chan struct{}),
		watched: make(chan struct{}), done: make(chan struct{})}
	if err := p.writeWork(); err != nil {
		return nil, err
	}
	var err error
	if p.server, err = listen(spec.Home, p.handle, spec.Log); err != nil {
		return nil, fmt.Errorf("listen for the trainer: %w", err)
	}
	if err := p.launch(); err != nil {
		p.server.close()
		return nil, fmt.Errorf("start the trainer: %w", err)
	}
	go p.guard()
	go p.finish()
	return p, nil
}

// Wait waits until the child has ended and everything it said has been handled.
func (p *Process) Wait() Outcome {
	<-p.done
	return p.outcome
}

// Stop asks the child's group to end, and kills it after the grace. The first reason given is the one that counts.
func (p *Process) Stop(why Reason) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.why != nil {
		return
	}
	p.why = &why
	go p.escalate()
}

func (p *Process) escalate() {
	p.signal(syscall.SIGTERM)
	fired, cancel := p.spec.Clock.After(p.spec.Grace)
	defer cancel()
	select {
	case <-p.exited:
	case <-fired:
		p.signal(syscall.SIGKILL)
	}
}

// signal sends to the whole group, as long as its id is certainly ours.
func (p *Process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = syscall.Kill(-p.pid, s)
	}
}

func (p *Process) writeWork() error {
	data, err := json.MarshalIndent(p.spec.Work, "", "  ")
	if err != nil {
		return fmt.Errorf("write the work: %w", err)
	}
	if err := os.WriteFile(p.workFile, data, 0o600); err != nil { // it holds the environment the user gave the trainer
		return fmt.Errorf("write the work: %w", err)
	}
	return nil
}

// launch starts the child and leaves a goroutine behind that reaps it.
func (p *Process) launch() error {
	path, err := LookPath(p.spec.Argv[0], p.spec.Env)
	if err != nil {
		return err
	}
	env := append(p.spec.Env[:len(p.spec.Env):len(p.spec.Env)], protocol.EnvAssignment+"="+p.workFile, protocol.EnvSocket+"="+p.server.path)
	var writers []*os.File
	if p.output, writers, err = newOutput(p); err != nil {
		return err
	}
	p.memory = newMemoryGroup(p.spec.Memory, p.spec.Log)
	p.ooms = p.memory.kills()
	p.tasks = newTaskGroup(p.spec.Tasks, p.memory, p.spec.Log)
	if !p.fork(env, writers) {
		p.cmd = &exec.Cmd{Path: path, Args: p.spec.Argv, Dir: p.spec.Dir, Env: env, Stdout: writers[0], Stderr: writers[1], SysProcAttr: childAttr()}
		started := make(chan error)
		go p.parent(started)
		err = <-started
	}
	for _, w := range writers {
		w.Close()
	}
	if err != nil {
		p.output.close()
		p.tasks.remove()
		p.memory.remove()
		return err
	}
	p.output.start() // what the child says is heard from here on: the fields it may touch are set
	p.server.start()
	return nil
}

// parent starts the child and waits for it on one thread, because Pdeathsig fires when the starting thread ends.
func (p *Process) parent(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.confined(p.cmd.Start)
	if err != nil && p.leaveGroup() {
		cause := err
		if err = p.confined(p.cmd.Start); err == nil {
			p.spec.Log.Warn().Err(cause).Msg("the trainer could not be started in a control group: its memory and processes are looked at now and then")
		}
	}
	if err != nil {
		started <- err
		return
	}
	p.pid = p.cmd.Process.Pid
	limitTasks(p.pid, p.spec.Tasks, p.tasks)
	started <- nil
	reap(p.cmd, p.killGroup)
	p.exit = exitOf(p.cmd.ProcessState)
	close(p.exited)
}

// killGroup ends what the leader left behind. It runs while the leader's id is still taken.
func (p *Process) killGroup() {
	p.mu.Lock()
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	p.reaped = true
	p.mu.Unlock()
	p.refused = p.tasks.dir != "" && p.tasks.refused() // before what is left of it is
	p.tasks.kill()
	killMarked(func(assignment string) bool { return assignment == p.workFile })
}

// finish takes in the last words and settles the outcome.
func (p *Process) finish() {
	<-p.exited
	p.output.finish()
	p.server.finish()
	p.mu.Lock()
	if p.why == nil && p.refused && p.exit.failed() { // it has ended before the guard looked
		p.why = p.tooMany("ended after")
	}
	f := facts{said: p.said, why: p.why, exit: p.exit, oom: p.memory.kills() > p.ooms, grouped: p.memory.dir != "", limit: p.spec.Memory,
		tail: p.output.tail.String(), work: p.spec.Work}
	p.mu.Unlock()
	<-p.watched
	p.tasks.remove()
	p.memory.remove()
	p.outcome = classify(f)
	close(p.done)
}
