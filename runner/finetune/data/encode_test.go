package data

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"automl/trial"
)

func TestEncode(t *testing.T) {
	s := tableOf(t, mixed)
	table, err := Read(trial.TableTask, s, trial.FoldPlan{Column: "group"})
	if err != nil {
		t.Fatal(err)
	}
	e := table.Fit([]int{0, 1, 2}) // ages 30 and 50; towns Ulm, Bern and none; the zip codes are numbers here
	want := Encoder{{Name: "age", Mean: 40, Std: 10}, {Name: "town", Levels: []string{"", "Bern", "Ulm"}}}
	if !reflect.DeepEqual(e[:2], want) || e.Width() != 5 {
		t.Fatalf("%+v of width %d", e, e.Width())
	}
	f := e.Encode(table)
	if f.Rows() != 4 || f.Size() != 5 {
		t.Fatalf("%d rows of %d", f.Rows(), f.Size())
	}
	for row, want := range [][]float32{{-1, 0, 0, 1}, {0, 0, 1, 0}, {1, 1, 0, 0}, {-3, 0, 1, 0}} {
		got := make([]float32, 5)
		f.Write(got, row)
		if !slices.Equal(got[:4], want) {
			t.Errorf("row %d: %v, want %v", row, got, want)
		}
	}
	few := table.Fit([]int{1, 3}) // nobody from Ulm
	got := make([]float32, few.Width())
	few.Encode(table).Write(got, 0)
	if !slices.Equal(few[1].Levels, []string{"Bern"}) || got[1] != 0 {
		t.Errorf("a category without training rows: %v in %+v", got, few)
	}
}

// What stands in the validation rows changes nothing that the encoder knows.
func TestFitSeesTrainingRowsAlone(t *testing.T) {
	fit := func(last string) Encoder {
		table, err := Read(trial.TableTask, tableOf(t, "n,c,label\n1,a,x\n2,b,y\n4,a,x\n"+last), trial.FoldPlan{})
		if err != nil {
			t.Fatal(err)
		}
		return table.Fit([]int{0, 1, 2})
	}
	if a, b := fit("7,b,y\n"), fit("-1e9,zebra,y\n"); !reflect.DeepEqual(a, b) {
		t.Errorf("%+v, then %+v", a, b)
	}
}

func TestMoments(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		numbers   []float64
		mean, std float64
	}{
		{[]float64{1, 3, nan}, 2, 1},
		{[]float64{nan, nan}, 0, 1},
		{[]float64{5, 5, 5}, 5, 1},
		{[]float64{0.1, 0.1, 0.1}, 0.1, 1},
		{[]float64{0, 0}, 0, 1},
		{[]float64{-1e100, 1e100}, 0, 1e100},
	} {
		rows := make([]int, len(c.numbers))
		for i := range rows {
			rows[i] = i
		}
		mean, std := moments(c.numbers, rows)
		if math.Abs(mean-c.mean) > 1e-12 || math.Abs(std/c.std-1) > 1e-12 {
			t.Errorf("%v: %v and %v", c.numbers, mean, std)
		}
	}
	far := Encoding{Mean: 0, Std: 1}
	dst := []float32{0}
	far.write(dst, &Column{Numbers: []float64{1e50}}, 0)
	if dst[0] != maxInput {
		t.Errorf("a stray value enters as %v", dst[0])
	}
}
