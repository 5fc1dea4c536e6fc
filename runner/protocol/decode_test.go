package protocol

import (
	"math"
	"strings"
	"testing"
)

func TestDecodeTakesPythonsNaN(t *testing.T) {
	m, err := Decode([]byte(`{"report":{"fold":0,"epoch":3,"metrics":{"loss":NaN,"up":Infinity,"down":-Infinity,"NaN \" NaN":1}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1}
	for i, q := range m.Report.Metrics {
		if q.Value != want[i] && !(math.IsNaN(q.Value) && math.IsNaN(want[i])) {
			t.Errorf("%s is %v, want %v", q.Name, q.Value, want[i])
		}
	}
	if name := m.Report.Metrics[3].Name; name != `NaN " NaN` {
		t.Errorf("the name became %q", name)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, line := range []string{``, `nonsense`, `{}`, `[]`, `{"report":{"epoch":"x"}}`, `{"unknown":{}}`,
		`{"report":{"epoch":1},"progress":{}}`, `{"report":{"metrics":{"a":{}}}}`} {
		if _, err := Decode([]byte(line)); err == nil {
			t.Errorf("%s was taken", line)
		}
	}
}

func TestParseStdout(t *testing.T) {
	r, meant, err := ParseStdout([]byte(`automl: {"epoch":3,"val_accuracy":0.91,"loss":NaN,"cost_seconds":2.5,"last":true}` + "\r"))
	if err != nil || !meant {
		t.Fatal(meant, err)
	}
	if r.Epoch != 3 || r.Fold != -1 || r.Cost != 2.5 || !r.Last || len(r.Metrics) != 2 || r.Metrics[0].Name != "val_accuracy" {
		t.Errorf("read as %+v", r)
	}
	if _, meant, _ := ParseStdout([]byte("epoch 3: 0.91")); meant {
		t.Error("plain output was taken for a report")
	}
	for _, line := range []string{"automl: no", `automl: {"epoch":{}}`, `automl: {"a":true}`, `automl: [1]`} {
		if _, meant, err := ParseStdout([]byte(line)); !meant || err == nil {
			t.Errorf("%s was taken", line)
		}
	}
	_, _, err = ParseStdout([]byte(`automl: {'epoch': 3, 'val_accuracy': 0.91}`))
	if err == nil || !strings.Contains(err.Error(), "as json.dumps writes it") || !strings.Contains(err.Error(), `in "automl: {'epoch': 3`) {
		t.Errorf("a dictionary of Python: %v", err)
	}
}
