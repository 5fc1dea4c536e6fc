package process

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"automl/runner/protocol"
)

// answerWait is how long the child may take to read an answer.
const answerWait = 10 * time.Second

// acceptPause is the time between two tries to take a connection.
const acceptPause = 100 * time.Millisecond

// maxSocketPath is what fits into a socket address on every system we know (104 bytes, less the ending zero).
const maxSocketPath = 103

// server listens for the child. A trainer that connects anew for every line is served as well as one that stays.
type server struct {
	path     string // of the socket
	dir      string // of the socket, removed at the end; empty: it lies in the child's home
	listener *net.UnixListener
	handle   func(line []byte) (protocol.Answer, bool)
	log      zerolog.Logger
	wg       sync.WaitGroup
	accepted chan struct{} // closed when no further connection is taken
	failed   func(error)   // told when one could not be taken
	mu       sync.Mutex
	conns    map[*net.UnixConn]bool
	late     bool // the child has ended
}

// listen makes the socket in the child's home, or in a private folder with a short name where the home's is too long.
func listen(home string, handle func([]byte) (protocol.Answer, bool), log zerolog.Logger) (*server, error) {
	s := &server{path: filepath.Join(home, "s"), handle: handle, log: log, accepted: make(chan struct{}),
		conns: map[*net.UnixConn]bool{}}
	s.failed = func(err error) { log.Warn().Err(err).Msg("a connection of the trainer waits: it cannot be taken now") }
	var err error
	if len(s.path)+len(sentinelEnd) > maxSocketPath {
		if s.dir, err = shortDir(); err != nil {
			return nil, err
		}
		s.path = filepath.Join(s.dir, "s")
	}
	if s.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: s.path, Net: "unix"}); err != nil {
		s.clean()
		return nil, err
	}
	return s, nil
}

func shortDir() (string, error) {
	dir, err := os.MkdirTemp("", "automl-")
	if err == nil && len(dir)+len("/s"+sentinelEnd) > maxSocketPath {
		os.Remove(dir)
		dir, err = os.MkdirTemp("/tmp", "automl-")
	}
	return dir, err
}

func (s *server) clean() {
	os.Remove(s.sentinel())
	os.Remove(s.path)
	if s.dir != "" {
		os.Remove(s.dir)
	}
}

// start begins to take connections; those made before wait.
func (s *server) start() { go s.accept() }

func (s *server) accept() {
	defer close(s.accepted)
	for failing := false; ; {
		conn, err := s.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // no descriptor is left, as a rule; the trainer waits meanwhile
			if !failing {
				s.failed(err)
			}
			failing = true
			time.Sleep(acceptPause)
			continue
		}
		failing = false
		if conn.RemoteAddr().String() == s.sentinel() {
			conn.Close()
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		if s.late {
			s.hurry(conn)
		}
		s.mu.Unlock()
		s.wg.Go(func() { s.serve(conn) })
	}
}

// sentinel is the address from which we ourselves connect when the child has ended. Connections are accepted in order, so
// when this one comes up, none of the child's is still waiting.
func (s *server) sentinel() string { return s.path + sentinelEnd }

const sentinelEnd = ".end"

// close ends a server that was never started.
func (s *server) close() {
	s.listener.Close()
	s.clean()
}

// finish takes in what the child had still sent, and ends.
func (s *server) finish() {
	s.mu.Lock()
	s.late = true
	for conn := range s.conns {
		s.hurry(conn)
	}
	s.mu.Unlock()
	end, err := net.DialUnix("unix", &net.UnixAddr{Name: s.sentinel(), Net: "unix"}, &net.UnixAddr{Name: s.path, Net: "unix"})
	if err == nil {
		select {
		case <-s.accepted:
		case <-time.After(drainWait): // nothing can be taken
		}
		end.Close()
	}
	s.listener.Close()
	<-s.accepted
	s.wg.Wait()
	s.clean()
}

// hurry bounds the reading of a connection whose child has ended; the deadline is only met where something else holds it.
func (s *server) hurry(conn net.Conn) { _ = conn.SetReadDeadline(time.Now().Add(drainWait)) }

func (s *server) serve(conn *net.UnixConn) {
	defer func() {
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
		conn.Close()
	}()
	in := bufio.NewReaderSize(&drain{from: conn}, 4096)
	for {
		line, err := readLine(in, protocol.MaxLine)
		if err != nil && !errors.Is(err, errLong) {
			if !errors.Is(err, io.EOF) {
				s.log.Debug().Err(err).Msg("the trainer's connection broke")
			}
			return
		}
		answer, wanted := protocol.Answer{}, true
		if err != nil {
			answer.Error = err.Error()
			s.log.Warn().Err(err).Msg("a line of the trainer is dropped")
		} else {
			answer, wanted = s.handle(line)
		}
		if wanted {
			s.answer(conn, answer)
		}
	}
}

// answer sends an answer. A child that has gone does not hear it, and what it sent before is still read.
func (s *server) answer(conn net.Conn, a protocol.Answer) {
	line, err := json.Marshal(a)
	if err == nil {
		_ = conn.SetWriteDeadline(time.Now().Add(answerWait))
		_, err = conn.Write(append(line, '\n'))
	}
	if err != nil {
		s.log.Debug().Err(err).Msg("the trainer did not take its answer")
	}
}
