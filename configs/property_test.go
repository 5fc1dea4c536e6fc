package configs

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// object is a JSON object in order, as a generator makes it.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	return orderedJSON(len(o), func(i int) (string, any) { return o[i].key, o[i].value })
}

// maybe adds a key in about half of the documents.
func (o *object) maybe(t *rapid.T, key string, draw func() any) {
	if rapid.Bool().Draw(t, "has "+key) {
		*o = append(*o, member{key, draw()})
	}
}

// raw is a number as it is written.
type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func drawFloat(t *rapid.T, low, high float64, label string) any {
	return raw(fmt.Sprintf(rapid.SampledFrom([]string{"%.5f", "%.3e", "%g"}).Draw(t, "form"), rapid.Float64Range(low, high).Draw(t, label)))
}

func drawScalars(t *rapid.T) []any {
	switch rapid.IntRange(0, 2).Draw(t, "values") {
	case 0:
		return []any{raw("0"), raw("0.5"), raw("1e0")}
	case 1:
		return []any{raw("16"), raw("32"), raw("64")}
	}
	return []any{"a", "true", true, raw("3"), "3", "ü\n"}
}

func drawParameter(t *rapid.T) any {
	switch rapid.IntRange(0, 5).Draw(t, "parameter") {
	case 0:
		return object{{"type", "float"}, {"low", drawFloat(t, 1e-3, 1, "low")}, {"high", drawFloat(t, 2, 3e6, "high")}, {"log", rapid.Bool().Draw(t, "log")}}
	case 1:
		return object{{"type", "int"}, {"low", rapid.IntRange(-9, 9).Draw(t, "low")}, {"high", 50}, {"step", rapid.IntRange(1, 9).Draw(t, "step")}}
	case 2:
		return object{{"type", rapid.SampledFrom([]string{"ordinal", "categorical"}).Draw(t, "type")}, {"choices", drawScalars(t)}}
	case 3:
		o := object{{"type", "freeze"}}
		o.maybe(t, "strategies", func() any {
			return rapid.Permutation([]string{"head_only", "full", "gradual", "surgical"}).Draw(t, "s")[:rapid.IntRange(1, 4).Draw(t, "n")]
		})
		o.maybe(t, "depth", func() any { return []any{0.5, 1} })
		o.maybe(t, "unfreeze_every", func() any { return []int{1, 2, 5} })
		o.maybe(t, "layer_decay", func() any { return []any{drawFloat(t, 0.1, 0.5, "low"), 1} })
		o.maybe(t, "head_lr_factor", func() any { return drawFloat(t, 0.1, 100, "factor") })
		return o
	case 4:
		return object{{"value", drawScalars(t)[0]}}
	}
	return drawScalars(t)[2]
}

func drawDocument(t *rapid.T) object {
	parameters := object{{"opt", object{{"type", "categorical"}, {"choices", []string{"x", "y"}}}}}
	for i := range rapid.IntRange(0, 4).Draw(t, "parameters") {
		parameters = append(parameters, member{fmt.Sprintf("p%d", i), drawParameter(t)})
	}
	parameters = append(parameters, member{"c", object{{"type", "float"}, {"low", 0}, {"high", 1}, {"when", object{{"opt", []string{"y"}}}}}})
	o := object{
		{"name", rapid.StringMatching(`[a-z][a-z0-9_.-]{0,8}`).Draw(t, "name")},
		{"objective", object{{"metric", "loss"}, {"goal", "minimize"}}},
		{"parameters", parameters},
		{"epochs", rapid.IntRange(1, 50).Draw(t, "epochs")},
		{"trainer", object{{"type", "command"}, {"command", []any{"python", "<&>", 3}}, {"workdir", "/x/../y/"}, {"env", object{{"B", 1}, {"A", 2.5}}}}},
	}
	o.maybe(t, "folds", func() any { return object{{"k", rapid.IntRange(1, 9).Draw(t, "k")}, {"split", "plain"}} })
	o.maybe(t, "priority", func() any { return rapid.IntRange(-8, 8).Draw(t, "priority") })
	o.maybe(t, "share", func() any { return rapid.Float64Range(.001, 1000).Draw(t, "share") })
	o.maybe(t, "workers", func() any { return rapid.IntRange(1, 64).Draw(t, "w") })
	o.maybe(t, "enqueue", func() any { return []any{object{{"opt", "y"}}, object{{"c", drawFloat(t, 0, 1, "c")}}} })
	o.maybe(t, "budget", func() any {
		return object{{"hours", drawFloat(t, 0.001, 99, "hours")}, {"trials", rapid.IntRange(2, 1000).Draw(t, "n")}, {"deadline", "7:05"}}
	})
	o.maybe(t, "resources", func() any {
		return object{{"memory", fmt.Sprintf("%.3fGiB", rapid.Float64Range(1, 64).Draw(t, "memory"))},
			{"timeout", fmt.Sprintf("%.4fm", rapid.Float64Range(1, 600).Draw(t, "timeout"))}}
	})
	o.maybe(t, "confirm", func() any { return object{{"top", rapid.IntRange(1, 9).Draw(t, "top")}} })
	o.maybe(t, "seed", func() any { return rapid.Int64Range(0, 1<<62).Draw(t, "seed") })
	return o
}

// TestRoundTrip is the promise that a daemon relies on: the stored document gives the same sweep back.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, err := json.Marshal(drawDocument(t))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse("drawn", data, "")
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		again(t, s)
		if err := s.Space().Validate(); err != nil {
			t.Fatal(err)
		}
		for _, p := range s.Enqueue {
			if err := s.Space().Contains(p); err != nil {
				t.Fatal(err)
			}
		}
	})
}
