package metric

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"testing"
)

func TestAgreesWithScikitLearn(t *testing.T) {
	raw, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref struct {
		Cases []struct {
			Name             string
			Classes          int
			Logits           [][]float32
			Labels           []int32
			Accuracy         float64
			BalancedAccuracy float64 `json:"balanced_accuracy"`
			Precision        float64
			Recall           float64
			F1               float64
			LogLoss          float64 `json:"log_loss"`
			Confusion        [][]int
		}
	}
	if err := json.Unmarshal(raw, &ref); err != nil {
		t.Fatal(err)
	}
	for _, c := range ref.Cases {
		confusion := NewConfusion(c.Classes)
		p := make([]float64, len(c.Labels)*c.Classes)
		for i, row := range c.Logits {
			Softmax(p[i*c.Classes:(i+1)*c.Classes], row)
			confusion.Add(int(c.Labels[i]), Argmax(row))
		}
		if !reflect.DeepEqual(confusion.Rows(), c.Confusion) {
			t.Errorf("%s: confusion %v, want %v", c.Name, confusion.Rows(), c.Confusion)
		}
		s := confusion.Scores()
		got := []float64{s.Accuracy, s.BalancedAccuracy, s.Precision, s.Recall, s.F1, LogLoss(p, c.Labels)}
		want := []float64{c.Accuracy, c.BalancedAccuracy, c.Precision, c.Recall, c.F1, c.LogLoss}
		for i := range got {
			if !(math.Abs(got[i]-want[i]) <= 1e-12*(1+want[i])) {
				t.Errorf("%s: metric %d is %v, scikit-learn says %v", c.Name, i, got[i], want[i])
			}
		}
	}
}

func TestNothingToMeasure(t *testing.T) {
	if s := NewConfusion(3).Scores(); !math.IsNaN(s.Accuracy) || !math.IsNaN(s.F1) {
		t.Errorf("scores of no rows: %+v", s)
	}
	if !math.IsNaN(LogLoss(nil, nil)) {
		t.Error("log loss of no rows is a number")
	}
}

func TestLogitsThatAreNoNumbers(t *testing.T) {
	nan := float32(math.NaN())
	if got := Argmax([]float32{nan, 1, 3}); got != 2 {
		t.Errorf("argmax %d, want 2", got)
	}
	p := make([]float64, 2)
	Softmax(p, []float32{nan, 1})
	if !math.IsNaN(p[1]) || !math.IsNaN(LogLoss(p, []int32{1})) {
		t.Errorf("softmax %v", p)
	}
}
