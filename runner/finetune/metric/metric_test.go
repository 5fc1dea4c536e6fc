package metric

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"testing"

	"automl/trial"
)

// reference holds the values that testdata/reference.py recorded.
type reference struct {
	Classified []struct {
		Name      string
		K         int
		Y         []int32
		P         []float64
		Groups    []int32
		Want      map[string]float64
		Confusion [][]int
	}
	Labelled []struct {
		Name   string
		K      int
		Y      []bool
		P      []float64
		Groups []int32
		Want   map[string]float64
	}
	Predicted []struct {
		Name   string
		Y, P   []float64
		Groups []int32
		Scale  float64
		Want   map[string]float64
	}
}

func readReference(t *testing.T) (ref reference) {
	t.Helper()
	raw, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

// agree compares all metrics of a family with what was recorded, by name.
func agree(t *testing.T, name string, f Family, got trial.Metrics, want map[string]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d metrics, %d were recorded", name, len(got), len(want))
	}
	for i, m := range For(f, true) {
		if got[i].Name != m.Name {
			t.Fatalf("%s: metric %d is %s, the registry says %s", name, i, got[i].Name, m.Name)
		}
		w, recorded := want[m.Name]
		if v := got[i].Value; !recorded || !(math.Abs(v-w) <= 1e-12*max(1, math.Abs(w))) {
			t.Errorf("%s: %s is %v, scikit-learn says %v", name, m.Name, v, w)
		}
	}
}

func TestAgreesWithScikitLearn(t *testing.T) {
	ref := readReference(t)
	for _, c := range ref.Classified {
		rows := &Classified{K: c.K, P: c.P, Y: c.Y, Groups: c.Groups}
		agree(t, c.Name, Classes, rows.Measure(), c.Want)
		if got := rows.Confusion().Rows(); !reflect.DeepEqual(got, c.Confusion) {
			t.Errorf("%s: confusion %v, want %v", c.Name, got, c.Confusion)
		}
	}
	for _, c := range ref.Labelled {
		agree(t, c.Name, Labels, (&Labelled{K: c.K, P: c.P, Y: c.Y, Groups: c.Groups}).Measure(), c.Want)
	}
	for _, c := range ref.Predicted {
		agree(t, c.Name, Numbers, (&Predicted{P: c.P, Y: c.Y, Groups: c.Groups, Scale: c.Scale}).Measure(), c.Want)
	}
}

func TestNothingToMeasure(t *testing.T) {
	for _, got := range []trial.Metrics{(&Classified{K: 3}).Measure(), (&Labelled{K: 3}).Measure(), (&Predicted{}).Measure()} {
		if len(got) == 0 {
			t.Error("no metrics")
		}
		for _, m := range got {
			if !math.IsNaN(m.Value) {
				t.Errorf("%s of no rows is %v", m.Name, m.Value)
			}
		}
	}
}

// Metrics of groups are there only when rows have groups, in the registry as in the measurements.
func TestGroups(t *testing.T) {
	for f, got := range map[Family]trial.Metrics{
		Classes: (&Classified{K: 2, P: []float64{1, 0}, Y: []int32{0}}).Measure(),
		Labels:  (&Labelled{K: 2, P: []float64{1, 0}, Y: []bool{true, false}}).Measure(),
		Numbers: (&Predicted{P: []float64{1}, Y: []float64{1}}).Measure(),
	} {
		plain, all := For(f, false), For(f, true)
		if len(got) != len(plain) || len(all) != len(plain)+1 || !all[len(all)-1].Grouped {
			t.Errorf("%s: %d measured, %d without groups, %d with", f, len(got), len(plain), len(all))
		}
	}
	rows := &Classified{K: 2, P: []float64{1, 0, 1, 0, 1, 0}, Y: []int32{0, 1, 0}, Groups: []int32{0, 2, 2}} // nobody is in group 1
	if got, _ := rows.Measure().Get("worst_group_accuracy"); got != 0.5 {
		t.Errorf("worst group accuracy %v", got)
	}
}

func TestRankingNeedsBothKinds(t *testing.T) {
	rows := &Classified{K: 3, P: []float64{0.5, 0.3, 0.2, 0.2, 0.3, 0.5}, Y: []int32{1, 1}}
	if got, _ := rows.Measure().Get("roc_auc"); !math.IsNaN(got) {
		t.Errorf("area %v without a row of another class", got)
	}
	few := &Predicted{P: []float64{1}, Y: []float64{2}}
	if got, _ := few.Measure().Get("r2"); !math.IsNaN(got) {
		t.Errorf("r2 of one row is %v", got)
	}
}

// A bin holds its upper edge; the outermost take whatever rounding leaves outside.
func TestCalibrationBins(t *testing.T) {
	var c calibration
	for _, v := range []float64{0, 1.0 / calibrationBins, 2.0 / calibrationBins, 1, 1 + 1e-16} {
		c.add(v, true)
	}
	if c[0].rows != 2 || c[1].rows != 1 || c[calibrationBins-1].rows != 2 {
		t.Errorf("bins %+v", c)
	}
}

func TestLogitsThatAreNoNumbers(t *testing.T) {
	nan := float32(math.NaN())
	if got := Argmax([]float32{nan, 1, 3}); got != 2 {
		t.Errorf("argmax %d, want 2", got)
	}
	p := make([]float64, 2)
	Softmax(p, []float32{nan, 1})
	rows := &Classified{K: 2, P: p, Y: []int32{1}}
	if got, _ := rows.Measure().Get("loss"); !math.IsNaN(p[1]) || !math.IsNaN(got) {
		t.Errorf("softmax %v, loss %v", p, got)
	}
	Sigmoid(p, []float32{nan, 1})
	if !math.IsNaN(p[0]) || math.Abs(p[1]-0.7310585786300049) > 1e-15 {
		t.Errorf("sigmoid %v", p)
	}
	Sigmoid(p, []float32{-800, 800})
	if p[0] != 0 || p[1] != 1 {
		t.Errorf("sigmoid of large numbers %v", p)
	}
}

func TestFind(t *testing.T) {
	if m, ok := Find("mae", For(Numbers, false)); !ok || m.Goal != trial.Minimize {
		t.Errorf("%+v", m)
	}
	if _, ok := Find("mae", For(Classes, true)); ok || For("poetry", true) != nil {
		t.Error("found what is not there")
	}
}
