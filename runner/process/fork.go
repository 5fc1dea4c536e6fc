package process

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"automl/trial"
)

// fork starts the child as a fork of its resident process, and reports whether it did: otherwise it is to be started cold, and the log
// says why.
func (p *Process) fork(env []string, out []*os.File) bool {
	if p.spec.Resident == nil {
		return false
	}
	f, err := p.atGate(env, out)
	if err != nil {
		p.spec.Log.Info().Err(err).Msg("the trainer is started cold")
		return false
	}
	p.pid = f.pid
	p.place(f.pid)
	_ = f.goOn() // where it has died meanwhile that is its end
	go p.follow(f)
	return true
}

// job is what a child of a resident process is to be.
type job struct {
	Python []string          `json:"python"`
	Script []string          `json:"script"`
	Args   []string          `json:"args"`
	Dir    string            `json:"dir"`
	Env    map[string]string `json:"env"`
}

// atGate is a child that waits to be let go.
func (p *Process) atGate(env []string, out []*os.File) (*forked, error) {
	python, script, args, err := trial.SplitPython(p.spec.Argv)
	if err != nil {
		return nil, err
	}
	dir := p.spec.Dir
	if dir == "" {
		if dir, err = os.Getwd(); err != nil {
			return nil, err
		}
	}
	j := job{Python: python, Script: script, Args: args, Dir: dir, Env: map[string]string{}}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		j.Env[name] = value
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(p.spec.Home, "fork.json")
	if err := os.WriteFile(file, text, 0o600); err != nil { // it holds the environment the user gave the trainer
		return nil, err
	}
	return p.spec.Resident.fork(file, out)
}

// follow waits for a forked child, whose parent says how it ended.
func (p *Process) follow(f *forked) {
	how, told := <-f.ended
	if !told { // its parent has died, and so must it
		how = exit{signal: syscall.SIGKILL}
		p.mu.Lock()
		if p.why == nil {
			p.why = &Reason{Failure: trial.Signal, Message: "killed, since " + f.zygote.end()}
		}
		p.mu.Unlock()
	}
	p.killGroup()
	f.bury()
	p.exit = how
	close(p.exited)
}
