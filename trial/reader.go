package trial

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Reader reads messages in the form in which they write themselves, field after field, several times as fast as encoding/json.
// It takes nothing else: whatever it refuses is left to encoding/json, which reads what it takes as the same.
type Reader struct {
	rest  []byte
	texts map[string]string // seen in this data: most messages have the same ones
}

// NewReader begins to read.
func NewReader(data []byte) *Reader { return &Reader{rest: data, texts: map[string]string{}} }

// Skip passes over a text, if it is what comes next.
func (r *Reader) Skip(text string) bool {
	if len(r.rest) < len(text) || string(r.rest[:len(text)]) != text {
		return false
	}
	r.rest = r.rest[len(text):]
	return true
}

// End tells whether there is nothing more.
func (r *Reader) End() bool { return len(r.rest) == 0 }

// Inbound reads a message. False: it is not in that form.
func (r *Reader) Inbound(m *Inbound) bool {
	if !r.key(&m.Key) || !r.Skip(`,"run":`) || !r.text(&m.Run) || !r.Skip(`,"n":`) || !r.integer(&m.N) ||
		r.Skip(`,"since":`) && !r.integer(&m.Since) {
		return false
	}
	if r.Skip(`,"report":`) {
		m.Report = &Report{}
		if !r.report(m.Report) {
			return false
		}
	}
	return object(r, `,"folds":`, &m.Folds) && object(r, `,"exit":`, &m.Exit) && r.Skip(`}`)
}

// Outbound reads an answer. False: it is not in that form.
func (r *Reader) Outbound(o *Outbound) bool {
	return r.key(&o.Key) && r.Skip(`,"n":`) && r.integer(&o.N) && (!r.Skip(`,"verb":`) || r.text((*string)(&o.Verb))) &&
		(!r.Skip(`,"reason":`) || r.text(&o.Reason)) && r.Skip(`}`)
}

// key reads the beginning of both.
func (r *Reader) key(k *Key) bool {
	return r.Skip(`{"key":{"study":`) && r.text(&k.Study) && r.number(`,"trial":`, &k.Trial) && r.number(`,"attempt":`, &k.Attempt) && r.Skip(`}`)
}

func (r *Reader) report(q *Report) bool {
	if !r.number(`{"trial":`, &q.Trial) || !r.number(`,"attempt":`, &q.Attempt) || !r.number(`,"fold":`, &q.Fold) || !r.number(`,"epoch":`, &q.Epoch) ||
		!r.Skip(`,"metrics":`) || !r.metrics(&q.Metrics) {
		return false
	}
	if r.Skip(`,"cost_seconds":`) {
		cost, err := strconv.ParseFloat(string(r.literal()), 64)
		if err != nil {
			return false
		}
		q.Cost = cost
	}
	q.Last = r.Skip(`,"last":true`)
	return object(r, `,"cache":`, &q.Cache) && object(r, `,"confusion":`, &q.Confusion) && object(r, `,"usage":`, &q.Usage) && r.Skip(`}`)
}

// metrics reads numbers by name; what is not finite is no number.
func (r *Reader) metrics(m *Metrics) bool {
	if !r.Skip(`{`) {
		return false
	}
	out := make(Metrics, 0, 1)
	for !r.Skip(`}`) {
		var q Metric
		if len(out) > 0 && !r.Skip(`,`) || !r.text(&q.Name) || !r.Skip(`:`) {
			return false
		}
		number := r.literal()
		if number == nil {
			return false
		}
		q.Value, _ = strconv.ParseFloat(string(number), 64) // out of range gives the infinity of the right sign
		if _, double := out.Get(q.Name); double {
			return false
		}
		out = append(out, q)
	}
	*m = out
	return true
}

func (r *Reader) number(name string, n *int) bool {
	var v int64
	if !r.Skip(name) || !r.integer(&v) || int64(int(v)) != v {
		return false
	}
	*n = int(v)
	return true
}

func (r *Reader) integer(n *int64) bool {
	v, err := strconv.ParseInt(string(r.literal()), 10, 64) // refuses fractions and exponents
	*n = v
	return err == nil
}

// literal takes a number as JSON has it; nil: there is none.
func (r *Reader) literal() []byte {
	b, i := r.rest, 0
	digits := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	if first := i; !digits() || b[first] == '0' && i > first+1 {
		return nil
	}
	if i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return nil
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return nil
		}
	}
	r.rest = b[i:]
	return b[:i]
}

// text takes a string in which nothing is escaped.
func (r *Reader) text(s *string) bool {
	if !r.Skip(`"`) {
		return false
	}
	end := bytes.IndexByte(r.rest, '"')
	if end < 0 {
		return false
	}
	text := r.rest[:end]
	known, ok := r.texts[string(text)]
	if !ok {
		for _, c := range text {
			if c < 0x20 || c >= 0x7f || c == '\\' {
				return false
			}
		}
		known = string(text)
		r.texts[known] = known
	}
	*s = known
	r.rest = r.rest[end+1:]
	return true
}

// object reads a field that is left to encoding/json, if it is what comes next.
func object[T any](r *Reader, name string, to **T) bool {
	if !r.Skip(name) {
		return true
	}
	end := closing(r.rest)
	if end < 0 {
		return false
	}
	*to = new(T)
	err := json.Unmarshal(r.rest[:end], *to)
	r.rest = r.rest[end:]
	return err == nil
}

// closing is the length of the object that text begins with; negative: it does not.
func closing(text []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			depth--
		}
		if depth == 0 && !quoted {
			if text[i] != '}' {
				return -1
			}
			return i + 1
		}
	}
	return -1
}
