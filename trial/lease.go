package trial

import (
	"fmt"
	"strings"
	"time"
)

// Lease is what a program that asks for work says of its question: a name for it, and how long the program may be silent before the work is
// somebody else's. A runner says neither: it has heartbeats.
type Lease struct {
	Request string        // the same again is the same question, to be answered with the same attempt; empty: every question is a new one
	Length  time.Duration // 0: as the study has it
}

// What a lease may be. The default is for a program that does not renew its lease and tells once an epoch: it must not lose its work to an
// epoch that takes hours, and a day more until lost work is noticed is a small loss beside that. Who wants it noticed sooner says so.
const (
	DefaultLease = 24 * time.Hour
	minLease     = time.Second
	maxLease     = 366 * 24 * time.Hour
	maxRequest   = 200 // bytes
)

// NewLease is a lease of so many seconds; 0: as the study has it.
func NewLease(request string, seconds float64) (Lease, error) {
	switch {
	case len(request) > maxRequest:
		return Lease{}, Errorf(Invalid, "the request has %d bytes", len(request)).WithHint("it is a name of at most %d bytes, such as a UUID", maxRequest)
	case Printable(request) != request || strings.ContainsAny(request, "\n\t"):
		return Lease{}, Errorf(Invalid, "the request %q is no name", request).WithHint("it is text without control characters, such as a UUID")
	case seconds != 0 && !(seconds >= minLease.Seconds() && seconds <= maxLease.Seconds()):
		return Lease{}, Errorf(Invalid, "a lease of %v seconds", seconds).WithHint("it is %v to %v, or left out", minLease.Seconds(), maxLease.Seconds())
	}
	return Lease{request, time.Duration(seconds * float64(time.Second))}, nil
}

// Params is the lease as a decision has it: [Started].
func (l Lease) Params() Params {
	var p Params
	if l.Request != "" {
		p = append(p, Param{"request", l.Request})
	}
	if l.Length != 0 {
		p = append(p, Param{"lease_seconds", l.Length.Seconds()})
	}
	return p
}

// leaseOf is the inverse of Params.
func leaseOf(p Params) (Lease, error) {
	for _, q := range p {
		if q.Name != "request" && q.Name != "lease_seconds" {
			return Lease{}, fmt.Errorf("a lease with %s", Params{q})
		}
	}
	return NewLease(p.Text("request", ""), p.Float("lease_seconds", 0))
}
