package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// proc is a process of the program.
type proc struct {
	what    string
	cmd     *exec.Cmd
	log     string
	started time.Time
	ended   chan struct{}
}

// launch starts the program.
func (w *world) launch(what string, env []string, args ...string) *proc {
	c := exec.Command(w.program, args...)
	c.Env = append(append(os.Environ(), w.env...), env...)
	return w.launchCommand(what, c)
}

// launchCommand starts a process with a log file and a process group of its own.
func (w *world) launchCommand(what string, c *exec.Cmd) *proc {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logs++
	log := filepath.Join(w.root, fmt.Sprintf("%02d-%s.log", w.logs, what))
	f, err := os.Create(log)
	w.must(err)
	defer f.Close()
	c.Stdout, c.Stderr = f, f
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	w.must(c.Start())
	p := &proc{what: what, cmd: c, log: log, started: time.Now(), ended: make(chan struct{})}
	go func() {
		_ = c.Wait()
		close(p.ended)
	}()
	w.procs = append(w.procs, p)
	return p
}

// living are the processes that have not ended.
func (w *world) living() (out []*proc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.procs {
		if p.alive() {
			out = append(out, p)
		}
	}
	return out
}

// kill kills with a signal that cannot be caught, and waits for the end.
func (p *proc) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// autopsy has what still runs write down what it is at, and keeps the database where it lies on a disk that goes away.
func (w *world) autopsy() {
	for _, p := range w.living() {
		p.signal(syscall.SIGCONT)
		p.signal(syscall.SIGQUIT) // all goroutines, into its log
		select {
		case <-p.ended:
		case <-time.After(10 * time.Second):
		}
	}
	for _, name := range []string{"automl.db", "automl.db-wal"} {
		if data, err := os.ReadFile(filepath.Join(w.data, name)); err == nil {
			_ = os.WriteFile(filepath.Join(w.root, name), data, 0o600) // what can be had
		}
	}
}

// stop asks for an orderly end, and kills what does not obey.
func (p *proc) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		p.kill()
	}
}

func (p *proc) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

func (p *proc) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// says is what the process has logged.
func (p *proc) says() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// tail is the end of that.
func (p *proc) tail() string {
	lines := bytes.Split(bytes.TrimSpace([]byte(p.says())), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-4):], []byte("\n")))
}

// lastLine is the last thing it has said.
func (p *proc) lastLine() string {
	lines := strings.Split(strings.TrimSpace(p.says()), "\n")
	return lines[len(lines)-1]
}

// keeper starts a process again whenever it dies, as an init system does.
type keeper struct {
	stop  chan struct{}
	ended sync.WaitGroup
	p     *proc
}

// keep runs start until release.
func (w *world) keep(start func() *proc) *keeper {
	k := &keeper{stop: make(chan struct{}), p: start()}
	k.ended.Go(func() {
		for {
			select {
			case <-k.stop:
				return
			case <-k.p.ended:
			}
			select {
			case <-k.stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
			k.p = start()
		}
	})
	w.keepers = append(w.keepers, k)
	return k
}

// release lets the process be.
func (k *keeper) release() *proc {
	select {
	case <-k.stop:
	default:
		close(k.stop)
	}
	k.ended.Wait()
	return k.p
}

// build makes the program.
func build(to string, args ...string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	c := exec.Command("go", append(append([]string{"build", "-o", to}, args...), "./cmd/automl")...)
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return nil
}

// moduleRoot is the folder of the source.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the source (run it inside of the module): %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
