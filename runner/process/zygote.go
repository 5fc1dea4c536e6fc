package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// gateWait is how long a fork may take until the child waits at its gate.
const gateWait = 30 * time.Second

// zygote is a resident process that runs, or has run.
type zygote struct {
	cmd     *exec.Cmd
	conn    *net.UnixConn
	said    *keeper
	ready   chan packet   // the answer to load
	gone    chan struct{} // it has ended
	retired bool          // nobody needed it any more
	clock   Clock

	forking sync.Mutex
	forks   chan reply // the answer to the fork asked for
	mu      sync.Mutex
	isReady bool
	at      map[int]*forked // children that have not been reaped
}

// reply is a child, or why there is none.
type reply struct {
	child   *forked
	refused string
}

// forked is a child of a resident process.
type forked struct {
	pid     int
	gate    net.Conn
	zygote  *zygote
	ended   chan exit // gets how it ended; is closed without where its parent has died
	release func()
}

// startZygote starts the interpreter. It dies with this process.
func startZygote(p Preload, mark string, clock Clock, log zerolog.Logger) (*zygote, error) {
	if !canFork {
		return nil, errors.New("there are resident processes on Linux alone")
	}
	path, err := LookPath(p.Python[0], p.Env)
	if err != nil {
		return nil, err
	}
	ours, theirs, err := socketPair(unix.SOCK_SEQPACKET, "control")
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	z := &zygote{conn: ours, said: &keeper{}, ready: make(chan packet, 1), gone: make(chan struct{}), clock: clock, forks: make(chan reply, 1), at: map[int]*forked{}}
	z.cmd = &exec.Cmd{Path: path, Args: append(append([]string{}, p.Python...), "-c", residentText), Dir: p.Dir, Env: residentEnv(p, mark),
		Stdout: z.said, Stderr: z.said, ExtraFiles: []*os.File{theirs}, SysProcAttr: childAttr(), WaitDelay: drainWait}
	started := make(chan error)
	go func() { // Pdeathsig fires when the thread that starts it ends
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := z.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = z.cmd.Wait() // how it ended is read from its state
		log.Debug().Stringer("status", z.cmd.ProcessState).Msg("a resident process has ended")
		close(z.gone)
	}()
	if err := <-started; err != nil {
		ours.Close()
		return nil, err
	}
	go z.listen()
	return z, nil
}

// listen takes in what the process says, until it ends.
func (z *zygote) listen() {
	buffer := make([]byte, 64<<10)
	for {
		n, err := z.conn.Read(buffer)
		var m packet
		if err != nil || n == 0 || json.Unmarshal(buffer[:n], &m) != nil {
			break
		}
		z.hear(m)
	}
	z.kill()
	z.conn.Close()
	<-z.gone
	close(z.ready)
	z.mu.Lock()
	defer z.mu.Unlock()
	close(z.forks)
	for _, f := range z.at {
		close(f.ended)
	}
	clear(z.at)
}

func (z *zygote) hear(m packet) {
	z.mu.Lock()
	defer z.mu.Unlock()
	switch {
	case m.Ready != nil || m.Error != "":
		z.isReady = m.Ready != nil
		z.ready <- m
	case m.Forked > 0:
		f := &forked{pid: m.Forked, zygote: z, ended: make(chan exit, 1)}
		z.at[m.Forked] = f
		z.forks <- reply{child: f}
	case m.Refused != "":
		z.forks <- reply{refused: m.Refused}
	case z.at[m.Ended] != nil:
		how := exit{code: m.Status}
		if m.Code != cldExited {
			how = exit{signal: syscall.Signal(m.Status)}
		}
		z.at[m.Ended].ended <- how
	}
}

const cldExited = 1 // CLD_EXITED

// load tells it what to load, and waits.
func (z *zygote) load(p Preload, limit time.Duration) (readiness, error) {
	order := map[string]any{"script": p.Script, "import": p.Import, "setup": p.Setup, "env": z.cmd.Env}
	if err := z.say(map[string]any{"load": order}); err != nil {
		return readiness{}, err
	}
	late, cancel := z.clock.After(limit)
	defer cancel()
	for {
		look, enough := z.clock.After(guardEvery)
		select {
		case m, ok := <-z.ready:
			enough()
			if !ok {
				<-z.gone
				return readiness{}, errors.New(z.end())
			}
			if m.Error != "" {
				return readiness{}, errors.New(m.Error + z.words())
			}
			return *m.Ready, nil
		case <-late:
			enough()
			return readiness{}, fmt.Errorf("it had not loaded everything after %v%s", limit, z.words())
		case <-look:
			if p.Memory <= 0 {
				continue
			}
			if n := footprint(members(z.cmd.Process.Pid)); n > p.Memory {
				return readiness{}, fmt.Errorf("what it loads takes %d MiB, and a trial may have %d MiB", n>>20, p.Memory>>20)
			}
		}
	}
}

// fork has it make a child. job is a file with what the child is.
func (z *zygote) fork(job string, out []*os.File) (*forked, error) {
	gate, theirs, err := socketPair(unix.SOCK_STREAM, "gate")
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	z.forking.Lock()
	defer z.forking.Unlock()
	rights := unix.UnixRights(int(out[0].Fd()), int(out[1].Fd()), int(theirs.Fd()))
	line, err := json.Marshal(map[string]string{"fork": job})
	if err == nil {
		_, _, err = z.conn.WriteMsgUnix(line, rights, nil)
	}
	if err != nil {
		gate.Close()
		return nil, fmt.Errorf("ask the resident process: %w", err)
	}
	theirs.Close() // so that the child's end is the only one
	f, err := z.answer()
	if err != nil {
		gate.Close()
		return nil, err
	}
	f.gate, f.release = gate, func() {}
	_ = gate.SetDeadline(time.Now().Add(gateWait))
	if _, err := io.ReadFull(gate, make([]byte, 1)); err != nil {
		f.abandon()
		return nil, fmt.Errorf("the fork of a resident process came to nothing: %w%s", err, z.words())
	}
	return f, nil
}

// answer waits for the child that was asked for. Whoever waits here has no trainer yet that could be stopped, so that a process that does not
// answer must not keep it waiting: what it has loaded may hook into forks.
func (z *zygote) answer() (*forked, error) {
	late, cancel := z.clock.After(gateWait)
	defer cancel()
	select {
	case r, ok := <-z.forks:
		switch {
		case !ok:
			return nil, errors.New(z.end())
		case r.child == nil:
			return nil, fmt.Errorf("the resident process cannot fork: %s", r.refused)
		}
		return r.child, nil
	case <-late:
		z.kill()
		<-z.gone
		return nil, fmt.Errorf("the resident process has not forked for %v, and was killed%s", gateWait, z.words())
	}
}

// goOn opens the gate.
func (f *forked) goOn() error {
	defer f.gate.Close()
	_, err := f.gate.Write([]byte("g"))
	return err
}

// abandon ends a child that shall not begin.
func (f *forked) abandon() {
	f.gate.Close()
	_ = syscall.Kill(f.pid, syscall.SIGKILL)
	<-f.ended
	f.bury()
}

// bury has its process id given up.
func (f *forked) bury() {
	f.zygote.mu.Lock()
	_, there := f.zygote.at[f.pid]
	delete(f.zygote.at, f.pid)
	f.zygote.mu.Unlock()
	if there {
		_ = f.zygote.say(map[string]int{"reap": f.pid}) // else it has gone, and so has its parent
	}
	f.release()
}

func (z *zygote) say(m any) error {
	line, err := json.Marshal(m)
	if err == nil {
		_, err = z.conn.Write(line)
	}
	return err
}

// kill ends it. Its children die with it.
func (z *zygote) kill() { _ = z.cmd.Process.Kill() }

func (z *zygote) alive() bool {
	select {
	case <-z.gone:
		return false
	default:
		return true
	}
}

func (z *zygote) loaded() bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.isReady
}

// end is how it ended, for a person. It has ended.
func (z *zygote) end() string {
	<-z.gone
	return "the resident process: " + exitOf(z.cmd.ProcessState).String() + z.words()
}

// words are the last that it printed.
func (z *zygote) words() string {
	if text := z.said.text(); text != "" {
		return "\n" + text
	}
	return ""
}

// keeper keeps the end of an output.
type keeper struct {
	mu   sync.Mutex
	last []byte
}

func (k *keeper) Write(data []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last = append(k.last, data...)
	k.last = k.last[max(0, len(k.last)-8<<10):]
	return len(data), nil
}

func (k *keeper) text() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return lastWords(k.last, tailLines)
}
