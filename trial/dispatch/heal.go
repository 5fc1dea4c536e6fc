package dispatch

import (
	"errors"
	"os"
	"time"

	"github.com/rs/zerolog"
)

// healDelay is the time between two looks at a disk that takes nothing, and at least between two restarts.
const healDelay = time.Second

// heal starts the server anew, on its port, after its store could not keep a message and as soon as the disk takes something again. The
// server itself goes on to refuse every message for good, or turns JetStream off; whoever publishes learns nothing but time-outs.
// Clients come back by themselves, and what the store has lost is sent again.
func (s *Server) heal(store string, log zerolog.Logger, up func() (*Server, error)) {
	for {
		select {
		case <-s.stop:
			return
		case <-s.log.unwell:
		}
		log.Error().Str("store", store).Msg("the bus cannot keep messages: is the disk full? It starts anew when it can")
		for s.pause() && !takes(store) {
		}
		for s.pause() {
			err := s.renew(up)
			if err == nil {
				log.Warn().Msg("the bus was started anew after its store had failed")
				break
			}
			log.Error().Err(err).Msg("the bus could not be started anew; it is tried again")
		}
	}
}

// pause waits a moment; false when the server is shut down.
func (s *Server) pause() bool {
	timer := time.NewTimer(healDelay)
	defer timer.Stop()
	select {
	case <-s.stop:
		return false
	case <-timer.C:
		return true
	}
}

// renew puts another server in the place of this one.
func (s *Server) renew(up func() (*Server, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	next, err := up()
	if err == nil {
		s.nats, s.log = next.nats, next.log
	}
	return err
}

// takes tells whether a directory's disk takes the size of a large message.
func takes(dir string) bool {
	f, err := os.CreateTemp(dir, ".room-*")
	if err != nil {
		return false
	}
	_, err = f.Write(make([]byte, MaxMessage))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close(), os.Remove(f.Name())) == nil
}
