package process

import (
	"bufio"
	"net"
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"automl/runner/process/processtest"
	"automl/runner/protocol"
)

// A trainer that connects while this process has no descriptor left is heard once there is one. No other test runs beside this one.
func TestConnectionBeyondTheDescriptors(t *testing.T) {
	heard := make(chan string, 1)
	s, err := listen(t.TempDir(), func(line []byte) (protocol.Answer, bool) {
		heard <- string(line)
		return protocol.Answer{Decision: "continue"}, true
	}, zerolog.New(zerolog.NewTestWriter(t)))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(processtest.Patience))
	free := exhaust(t)
	failed := make(chan error, 1)
	s.failed = func(err error) { failed <- err }
	s.start()
	<-failed
	free()
	if _, err := conn.Write([]byte("hello\n")); err != nil {
		t.Fatal(err)
	}
	if answer, err := bufio.NewReader(conn).ReadString('\n'); err != nil || <-heard != "hello" {
		t.Errorf("it is answered %q, %v", answer, err)
	}
	conn.Close()
	s.finish()
}

// exhaust leaves this process no descriptor to open, until free is called.
func exhaust(t *testing.T) (free func()) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(os.DevNull) // its number is the lowest that is free
	if err != nil {
		t.Fatal(err)
	}
	lowest := uint64(f.Fd())
	f.Close()
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: lowest, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Error(err)
		}
	}
}
