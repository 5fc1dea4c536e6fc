package data

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"automl/trial"
)

// spec writes text to a file of the given name and describes it as 1x2 images in 0..4 with the class in column "label".
func spec(t *testing.T, name, text string) trial.DataSpec {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	raw := []byte(text)
	if strings.HasSuffix(name, ".gz") && text != "plain" {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(raw); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		raw = b.Bytes()
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return trial.DataSpec{Train: file, Label: "label", Image: &trial.ImageSpec{Pixels: "p*", Height: 1, Width: 2, Max: 4}}
}

const good = "p0,label,p1,writer\n0,10,4,a\n1,9,3,\"b\n,b\"\n2,10,2,a\n"

func TestRead(t *testing.T) {
	for _, name := range []string{"rows.csv", "rows.csv.gz"} {
		for _, mark := range []string{"", "\ufeff"} {
			got, err := Read(trial.ImageTask, spec(t, name, mark+good), trial.FoldPlan{Column: "writer"})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want := &Table{File: got.File, Spec: got.Spec, Pixels: []float32{0, 4, 1, 3, 2, 2}, Labels: []string{"10", "9", "10"},
				Keys: []string{"a", "b\n,b", "a"}, Lines: []int{2, 3, 5}, Classes: []string{"9", "10"}, Y: []int32{1, 0, 1},
				Kind: trial.Classification, src: got.src, splits: got.Keys}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s:\n%+v, want\n%+v", name, got, want)
			}
			if got.Spec.Channels != 1 {
				t.Errorf("channels %d, want the default 1", got.Spec.Channels)
			}
		}
	}
}

func TestClassesAreSorted(t *testing.T) {
	for _, c := range []struct{ labels, want []string }{
		{[]string{"10", "9", "-1", "9"}, []string{"-1", "9", "10"}},
		{[]string{"10", "9", "a"}, []string{"10", "9", "a"}},
		{[]string{"01", "1", "0"}, []string{"0", "01", "1"}},
	} {
		got := &Table{Kind: trial.Classification, Labels: c.labels, Lines: make([]int, len(c.labels))}
		if err := got.learn(trial.DataSpec{}, nil); err != nil || !reflect.DeepEqual(got.Classes, c.want) {
			t.Errorf("%v: classes %v, want %v; %v", c.labels, got.Classes, c.want, err)
		}
		for i, l := range c.labels {
			if got.Classes[got.Y[i]] != l {
				t.Errorf("%v: row %d is class %d", c.labels, i, got.Y[i])
			}
		}
	}
}

func TestErrorsNameThePlaceAndTheRemedy(t *testing.T) {
	none := func(*trial.DataSpec) {}
	for _, c := range []struct {
		name, file, text string
		change           func(*trial.DataSpec)
		field            string
		line             int
		message          string
	}{
		{"unknown label", "r.csv", good, func(s *trial.DataSpec) { s.Label = "labl" }, fieldLabel, 1, `did you mean "label"? the other columns are: label, writer`},
		{"label twice", "r.csv", "p0,p1,label,label\n", none, fieldLabel, 1, "stands twice"},
		{"short row", "r.csv", "p0,p1,label\n1,2,a\n1,2\n", none, fieldTrain, 3, "as many fields as the header"},
		{"bare quote", "r.csv", "p0,p1,label\n1,2,a\n1,2,b\"b\n", none, fieldTrain, 3, "bare \""},
		{"no number", "r.csv", "p0,p1,label\n1,x,a\n", none, fieldPixels, 2, `"x" in column "p1" is not a number`},
		{"empty pixel", "r.csv", "p0,p1,label\n1,,a\n", none, fieldPixels, 2, `"" in column "p1"`},
		{"not a number", "r.csv", "p0,p1,label\n1,NaN,a\n", none, fieldPixels, 2, `"NaN"`},
		{"too bright", "r.csv", "p0,p1,label\n1,5,a\n", none, fieldMax, 2, "outside 0..4"},
		{"empty label", "r.csv", "p0,p1,label\n1,2, \n", none, fieldLabel, 2, `column "label" is empty`},
		{"pixel count", "r.csv", good, func(s *trial.DataSpec) { s.Image.Height = 2 }, fieldPixels, 1, "2 columns match"},
		{"one class", "r.csv", "p0,p1,label\n1,2,a\n", none, fieldLabel, 0, "one class only"},
		{"no rows", "r.csv", "p0,p1,label\n", none, fieldTrain, 0, "no rows"},
		{"empty", "r.csv", "", none, fieldTrain, 0, "is empty"},
		{"missing", "r.csv", good, func(s *trial.DataSpec) { s.Train += "x" }, fieldTrain, 0, "no such file"},
		{"no gzip", "r.csv.gz", "plain", none, fieldTrain, 0, "not gzip"},
		{"no train", "r.csv", good, func(s *trial.DataSpec) { s.Train = "" }, fieldTrain, 0, "no training file"},
		{"no label", "r.csv", good, func(s *trial.DataSpec) { s.Label = "" }, fieldLabel, 0, "no label column"},
		{"no image", "r.csv", good, func(s *trial.DataSpec) { s.Image = nil }, fieldImage, 0, "which columns are the pixels, or which one names the image file"},
		{"bad pattern", "r.csv", good, func(s *trial.DataSpec) { s.Image.Pixels = "p[" }, fieldPixels, 0, "no pattern"},
		{"bad channels", "r.csv", good, func(s *trial.DataSpec) { s.Image.Channels = 2 }, fieldImage + ".channels", 0, "2 channels"},
		{"bad max", "r.csv", good, func(s *trial.DataSpec) { s.Image.Max = 0 }, fieldMax, 0, "white"},
		{"bad size", "r.csv", good, func(s *trial.DataSpec) { s.Image.Size = -1 }, fieldImage + ".size", 0, "no size"},
		{"bad height", "r.csv", good, func(s *trial.DataSpec) { s.Image.Height = 0 }, fieldImage, 0, "0x2"},
		{"missing test", "r.csv", good, func(s *trial.DataSpec) { s.Test = s.Train + "x" }, fieldTest, 0, "no such file"},
	} {
		s := spec(t, c.file, c.text)
		c.change(&s)
		_, err := Check(trial.ImageTask, s, trial.FoldPlan{K: 1, Split: trial.Plain})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v is no *Error", c.name, err)
			continue
		}
		if e.Field != c.field || e.Line != c.line || !strings.Contains(e.Error(), c.message) {
			t.Errorf("%s: field %s line %d: %v", c.name, e.Field, e.Line, e)
		}
	}
}

func TestTestFileMustHaveTheSameClasses(t *testing.T) {
	s := spec(t, "train.csv", good)
	s.Test = spec(t, "test.csv", "p0,p1,label\n1,2,9\n1,2,7\n").Train
	var e *Error
	if _, err := Check(trial.ImageTask, s, trial.FoldPlan{K: 1, Split: trial.Plain}); !errors.As(err, &e) || e.Field != fieldTest || e.Line != 3 || !strings.Contains(e.Error(), `"7"`) {
		t.Errorf("%v", err)
	}
	s.Test = spec(t, "test.csv", "label,p0,p1\n9,1,2\n").Train
	got, err := ReadTest(trial.ImageTask, s, &Table{Classes: []string{"9", "10"}})
	if err != nil || got.Y[0] != 0 || got.Pixels[1] != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCheckFolds(t *testing.T) {
	s := spec(t, "r.csv", "p0,p1,label,writer\n1,2,a,x\n1,2,a,x\n1,2,b,y\n1,2,b,z\n1,2,b,z\n")
	for _, c := range []struct {
		plan  trial.FoldPlan
		field string // of the error; empty: none
		text  string
	}{
		{trial.FoldPlan{K: 2, Split: trial.Stratified}, "", ""},
		{trial.FoldPlan{K: 3, Split: trial.Stratified}, fieldFolds, `class "a" has 2 rows, too few for 3 folds`},
		{trial.FoldPlan{K: 3, Split: trial.Plain}, "", ""},
		{trial.FoldPlan{K: 6, Split: trial.Plain}, fieldFolds, "5 rows cannot"},
		{trial.FoldPlan{K: 1, Split: trial.Stratified}, "", ""},
		{trial.FoldPlan{K: 3, Split: trial.Group, Column: "writer"}, "", ""},
		{trial.FoldPlan{K: 4, Split: trial.Group, Column: "writer"}, fieldFolds, "3 groups"},
		{trial.FoldPlan{K: 2, Split: trial.Group, Column: "writr"}, fieldColumn, `did you mean "writer"?`},
		{trial.FoldPlan{}, fieldFolds, "0 folds"},
	} {
		_, err := Check(trial.ImageTask, s, c.plan)
		var e *Error
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%+v: %v", c.plan, err)
		case c.field != "" && (!errors.As(err, &e) || e.Field != c.field || !strings.Contains(e.Error(), c.text)):
			t.Errorf("%+v: %v", c.plan, err)
		}
	}
}

func TestList(t *testing.T) {
	if got := List(strings.Split("abcdefghijklmn", "")); !strings.HasSuffix(got, "l and 2 more") {
		t.Error(got)
	}
	if got := Nearest("zzz", []string{"label", "p0"}); got != "" {
		t.Errorf("nearest of nothing alike is %q", got)
	}
}
