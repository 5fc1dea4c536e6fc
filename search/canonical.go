package search

import (
	"encoding/binary"
	"math"

	"automl/trial"
)

// freezeParts is where the strategy and the depth of one typed freeze parameter stand in a space; -1 where there is none.
type freezeParts struct {
	strategy, depth int
}

func (l *layout) freezeParts() []freezeParts {
	var out []freezeParts
	for i, p := range l.parameters {
		if p.Freeze == "" || p.Name != p.Freeze+"."+trial.FreezeStrategy {
			continue
		}
		parts := freezeParts{strategy: i, depth: -1}
		if d, ok := l.at[p.Freeze+"."+trial.FreezeDepth]; ok {
			parts.depth = d
		}
		out = append(out, parts)
	}
	return out
}

// key identifies a configuration: two have the same key exactly when they would train the same way. Besides equal values that
// holds for the freeze schedules partial and surgical when they go down to the last block: both are full. (Others can only
// coincide on networks of few blocks or studies of few epochs, which a space knows nothing of.)
func (l *layout) key(values []any, freeze []freezeParts) string {
	b := make([]byte, 0, 9*len(values))
	for i, v := range values {
		b = l.parameters[i].appendKey(b, v)
	}
	for _, f := range freeze {
		b = l.appendFreeze(b, values, f)
	}
	return string(b)
}

// Identify returns a function that tells configurations apart: two of the space have the same identity exactly when they would
// train the same way. A configuration that does not fit the space has its own text as identity.
func (s Space) Identify() func(trial.Params) string {
	l := newLayout(s)
	freeze := l.freezeParts()
	return func(p trial.Params) string {
		values, err := l.values(p)
		if err != nil {
			return p.String()
		}
		return l.key(values, freeze)
	}
}

// appendKey adds a value: its position among finitely many, else its bits. Strategies and depths are left to appendFreeze.
func (p Parameter) appendKey(b []byte, v any) []byte {
	switch {
	case p.Freeze != "" && (p.Name == p.Freeze+"."+trial.FreezeStrategy || p.Name == p.Freeze+"."+trial.FreezeDepth):
		return b
	case v == nil:
		return append(b, 0)
	case p.count() > 0:
		return binary.AppendUvarint(b, uint64(p.position(v))+1)
	}
	x, _ := number(v)
	return binary.LittleEndian.AppendUint64(append(b, 1), math.Float64bits(x+0)) // + 0 turns -0 into 0
}

func (l *layout) appendFreeze(b []byte, values []any, f freezeParts) []byte {
	strategy, _ := values[f.strategy].(string)
	var depth any
	if f.depth >= 0 {
		depth = values[f.depth]
	}
	share, _ := number(depth)
	if share == 1 && (strategy == string(trial.Partial) || strategy == string(trial.Surgical)) {
		strategy, depth = string(trial.Full), nil
	}
	b = append(append(b, strategy...), 0)
	if depth != nil {
		b = binary.AppendUvarint(b, uint64(l.parameters[f.depth].position(depth))+1)
	}
	return append(b, 0)
}
