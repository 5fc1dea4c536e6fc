package dispatch

import (
	"fmt"
	"strings"
	"sync"

	"github.com/rs/zerolog"
)

// serverLog bridges the embedded server's log to ours at debug level. It keeps the first fatal message: the server expects the
// process to end there, and Serve makes an error of it. And it notices that the store failed, which the server tells nobody else.
type serverLog struct {
	log    zerolog.Logger
	once   sync.Once
	fatal  chan error
	unwell chan struct{} // the store could not keep a message
}

func newServerLog(log zerolog.Logger) *serverLog {
	return &serverLog{log: log.With().Str("part", "nats").Logger(), fatal: make(chan error, 1),
		unwell: make(chan struct{}, 1)}
}

func (l *serverLog) say(level, format string, v []any) {
	l.log.Debug().Str("severity", level).Msgf(format, v...)
}

// The methods of server.Logger.
func (l *serverLog) Noticef(format string, v ...any) { l.say("notice", format, v) }
func (l *serverLog) Warnf(format string, v ...any)   { l.say("warning", format, v) }

// Errorf knows the messages of a store that failed, by the server's source.
func (l *serverLog) Errorf(format string, v ...any) {
	l.say("error", format, v)
	text := fmt.Sprintf(format, v...)
	if strings.Contains(text, "failed to store a msg") || strings.Contains(text, "will be DISABLED") {
		select {
		case l.unwell <- struct{}{}:
		default:
		}
	}
}

func (l *serverLog) Debugf(format string, v ...any) { l.say("debug", format, v) }
func (l *serverLog) Tracef(format string, v ...any) { l.say("trace", format, v) }

// Fatalf does not end the process.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.say("fatal", format, v)
	l.once.Do(func() { l.fatal <- fmt.Errorf(format, v...) })
}
