package trial

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func anyValue(t *rapid.T) any {
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		f := rapid.Float64().Draw(t, "float")
		if math.IsInf(f, 0) || math.IsNaN(f) {
			f = 0
		}
		return f
	case 1:
		return rapid.Int64().Draw(t, "int")
	case 2:
		return rapid.String().Draw(t, "string")
	}
	return rapid.Bool().Draw(t, "bool")
}

func TestParamsSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Params
		for _, name := range rapid.SliceOfDistinct(rapid.String(), rapid.ID[string]).Draw(t, "names") {
			p = append(p, Param{name, anyValue(t)})
		}
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var q Params
		if err := json.Unmarshal(data, &q); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if len(p)+len(q) > 0 && !cmp.Equal(p, q) {
			t.Fatalf("%s: %s", data, cmp.Diff(p, q))
		}
	})
}

func TestParamsRefuse(t *testing.T) {
	for _, text := range []string{`[]`, `{"a": [1]}`, `{"a": null}`, `{"a": 1, "a": 2}`, `{"a": 99999999999999999999}`, `{"a": 1e999}`} {
		var p Params
		if err := json.Unmarshal([]byte(text), &p); err == nil {
			t.Errorf("%s was read as %v", text, p)
		}
	}
	if _, err := json.Marshal(Params{{"a", math.NaN()}}); err == nil {
		t.Error("NaN was written")
	}
	if _, err := json.Marshal(Params{{"a", 1}}); err == nil {
		t.Error("an int was written: only int64 is a value")
	}
}

func TestParamsGetters(t *testing.T) {
	p := Params{{"lr", 0.5}, {"n", int64(3)}, {"opt", "sgd"}}
	if p.Float("lr", 0) != 0.5 || p.Float("n", 0) != 3 || p.Float("opt", 7) != 7 || p.Int("n", 0) != 3 || p.Int("lr", 9) != 9 ||
		p.Text("opt", "") != "sgd" || p.Text("lr", "x") != "x" {
		t.Error("a getter is wrong")
	}
	if !p.Equal(Params{{"opt", "sgd"}, {"n", int64(3)}, {"lr", 0.5}}) || p.Equal(Params{{"lr", 0.5}}) {
		t.Error("Equal is wrong")
	}
	if got := p.String(); got != "lr=0.5 n=3 opt=sgd" {
		t.Error(got)
	}
}

func TestMetricsSurviveJSON(t *testing.T) {
	in := Metrics{{"loss", math.NaN()}, {"a", math.Inf(1)}, {"b", math.Inf(-1)}, {"c", 0.1}}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"loss":"NaN","a":"+Inf","b":"-Inf","c":0.1}`; string(data) != want {
		t.Fatalf("%s, want %s", data, want)
	}
	var out Metrics
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	for i := range in {
		if in[i].Name != out[i].Name || in[i].Value != out[i].Value && !(math.IsNaN(in[i].Value) && math.IsNaN(out[i].Value)) {
			t.Errorf("%v became %v", in[i], out[i])
		}
	}
}

func TestMetricsRead(t *testing.T) {
	var m Metrics
	if err := json.Unmarshal([]byte(`{"a": 1e999, "b": null, "a": 2}`), &m); err != nil {
		t.Fatal(err)
	}
	if len(m) != 2 || !math.IsInf(m[0].Value, 1) || !math.IsNaN(m[1].Value) {
		t.Errorf("%v: too large must be infinite, null NaN, and a metric given twice counts once", m)
	}
	for _, text := range []string{`{"a": "x"}`, `{"a": {}}`, `[1]`, `{"a": true}`} {
		if err := json.Unmarshal([]byte(text), &m); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}
