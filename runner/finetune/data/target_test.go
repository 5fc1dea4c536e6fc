package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"automl/trial"
)

// The tasks without constants.
const (
	tableNumbers = "tabular-regression"
	tableLabels  = "tabular-multilabel"
	textLabels   = "text-multilabel"
)

func TestRegressionTarget(t *testing.T) {
	s := trial.DataSpec{Train: written(t, "r.csv", "x,y,part\n1,10,a\n2, -2.5e1 ,b\n3,0,a\n"), Label: "y"}
	got, err := Read(tableNumbers, s, trial.FoldPlan{Column: "part"})
	if err != nil || !reflect.DeepEqual(got.Numbers, []float64{10, -25, 0}) || got.Outputs() != 1 || got.Classes != nil || len(got.Columns) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if mean, std := got.Standard([]int{0, 2}); mean != 5 || std != 5 {
		t.Errorf("mean %v, deviation %v", mean, std)
	}
	if !slices.Equal(got.Keys, []string{"a", "b", "a"}) {
		t.Errorf("keys %q", got.Keys)
	}
}

// Stratified folds of a regression have their share of small and large numbers.
func TestQuantiles(t *testing.T) {
	numbers := make([]float64, 100)
	for i := range numbers {
		numbers[i] = float64((i * 37) % 100)
	}
	keys := quantileKeys(numbers)
	for i, key := range keys {
		if want := fmt.Sprint(int(numbers[i]) / 10); key != want {
			t.Fatalf("%v has key %s, want %s", numbers[i], key, want)
		}
	}
	part, err := trial.FoldPlan{K: 5, Split: trial.Stratified, Seed: 1}.Draw(keys, 0)
	if err != nil {
		t.Fatal(err)
	}
	count := map[[2]int]int{}
	for i, p := range part {
		count[[2]int{p, int(numbers[i]) / 10}]++
	}
	for at, n := range count {
		if n != 2 || len(count) != 50 {
			t.Errorf("fold %d has %d of 10 rows of tenth %d", at[0], n, at[1])
		}
	}
	if got := quantileKeys([]float64{5, 5, 5, 5, 9, 1}); !slices.Equal(got, []string{"1", "1", "1", "1", "8", "0"}) {
		t.Errorf("with equal numbers: %q", got)
	}
}

func TestLabelTargets(t *testing.T) {
	want := []bool{true, true, false, false, true, false}
	for name, c := range map[string]struct {
		file string
		spec trial.DataSpec
	}{
		"separator": {written(t, "r.csv", "x,tags\n1,b; a;b\n2,\n3, a\n"), trial.DataSpec{Label: "tags", Separator: ";"}},
		"list":      {written(t, "r.jsonl", `{"x": 1, "tags": ["b", "a"]}`+"\n"+`{"x": 2, "tags": null}`+"\n"+`{"x": 3, "tags": ["a"]}`), trial.DataSpec{Label: "tags"}},
		"columns":   {written(t, "r.csv", "x,a,b\n1,1,TRUE\n2,0,no\n3,yes,0.0\n"), trial.DataSpec{Labels: []string{"a", "b"}}},
	} {
		c.spec.Train = c.file
		got, err := Read(tableLabels, c.spec, trial.FoldPlan{})
		if err != nil || !reflect.DeepEqual(got.Classes, []string{"a", "b"}) || !slices.Equal(got.Marks, want) || got.Outputs() != 2 {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		if len(got.Columns) != 1 || !slices.Equal(got.Keys, []string{"11", "00", "10"}) {
			t.Errorf("%s: columns %+v, keys %q", name, got.Columns, got.Keys)
		}
	}
}

func TestTextRows(t *testing.T) {
	s := trial.DataSpec{Train: written(t, "r.tsv", "premise\thypothesis\tlabel\twho\nDogs run.\tAnimals move.\tyes\tx\n\tBirds fly.\tno\ty\n"),
		Text: "premise", TextPair: "hypothesis", Label: "label", Group: "who"}
	got, err := Read(trial.TextTask, s, trial.FoldPlan{})
	if err != nil || !slices.Equal(got.Texts, []string{"Dogs run.", ""}) || !slices.Equal(got.Pairs, []string{"Animals move.", "Birds fly."}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if !slices.Equal(got.Groups, []int32{0, 1}) || !slices.Equal(got.Names, []string{"x", "y"}) || got.Columns != nil {
		t.Errorf("groups %v of %q, columns %+v", got.Groups, got.Names, got.Columns)
	}
	s.TextPair = ""
	if got, err = Read(trial.TextTask, s, trial.FoldPlan{}); err != nil || got.Pairs != nil {
		t.Errorf("pairs %q, %v", got.Pairs, err)
	}
}

func TestTargetErrors(t *testing.T) {
	for _, c := range []struct {
		task, name, text string
		spec             trial.DataSpec
		field            string
		line             int
		message          string
	}{
		{tableNumbers, "r.csv", "x,y\n1,2\n2,high\n", trial.DataSpec{Label: "y"}, fieldLabel, 3, `"high" in column "y" is not a number`},
		{tableNumbers, "r.csv", "x,y\n1,inf\n", trial.DataSpec{Label: "y"}, fieldLabel, 2, "not a number"},
		{tableNumbers, "r.csv", "x,y\n1,\n", trial.DataSpec{Label: "y"}, fieldLabel, 2, "is empty"},
		{tableNumbers, "r.csv", "x,y\n1,2\n", trial.DataSpec{Label: "y", FewShot: 3}, fieldFewShot, 0, "classification alone"},
		{tableNumbers, "r.csv", "x,y\n1,2\n", trial.DataSpec{Label: "y", ClassWeights: map[string]float64{"a": 1}}, fieldWeights, 0, "only classes"},
		{tableLabels, "r.csv", "x,y\n1,a\n", trial.DataSpec{Label: "y"}, fieldLabel, 2, `separator: ","`},
		{tableLabels, "r.csv", "x,y\n1,\n2, ; \n", trial.DataSpec{Label: "y", Separator: ";"}, fieldLabel, 0, "no row has a label"},
		{tableLabels, "r.csv", "x,a\n1,2\n", trial.DataSpec{Labels: []string{"a"}}, fieldLabels, 2, `"2" in column "a" says neither yes nor no`},
		{tableLabels, "r.csv", "x,a\n1,1\n", trial.DataSpec{Labels: []string{"b"}}, fieldLabels, 1, `no column "b"`},
		{tableLabels, "r.csv", "x,a\n1,1\n", trial.DataSpec{Labels: []string{"a"}, Label: "x"}, fieldLabels, 0, "both given"},
		{tableLabels, "r.jsonl", `{"x": 1, "y": [{"a": 1}]}`, trial.DataSpec{Label: "y"}, fieldLabel, 1, "something with parts"},
		{trial.TableTask, "r.jsonl", `{"x": 1, "y": ["a"]}`, trial.DataSpec{Label: "y"}, fieldTrain, 1, `column "y" holds a list`},
		{trial.TableTask, "r.jsonl", `{"x": {"z": 1}, "y": "a"}`, trial.DataSpec{Label: "y"}, fieldTrain, 1, `column "x" holds something with parts`},
		{trial.TableTask, "r.csv", "x,y\n1,a\n2,b\n", trial.DataSpec{Labels: []string{"y"}}, fieldLabels, 0, "learns one column"},
		{trial.TableTask, "r.csv", "x,y\n1,a\n2,b\n", trial.DataSpec{Label: "y", ClassWeights: map[string]float64{"bb": 1}}, fieldWeights, 0, `did you mean "b"?`},
		{trial.TableTask, "r.csv", "x,y\n1,a\n2,b\n", trial.DataSpec{Label: "y", ClassWeights: map[string]float64{"b": -1}}, fieldWeights, 0, "no weight"},
		{trial.TableTask, "r.csv", "x,y\n1,a\n2,b\n", trial.DataSpec{Label: "y", FewShot: 2}, fieldFewShot, 0, `class "a" has 1 rows, not 2`},
		{trial.TableTask, "r.csv", "x,y\n1,a\n2,b\n", trial.DataSpec{Label: "y", Group: "z"}, fieldGroup, 1, `no column "z"`},
		{trial.TextTask, "r.csv", "x,y\n1,a\n2,b\n", trial.DataSpec{Label: "y"}, fieldText, 0, "holds the text"},
		{trial.TextTask, "r.csv", "x,y\n1,a\n2,b\n", trial.DataSpec{Label: "y", Text: "y"}, fieldLabel, 0, "is the text already"},
		{trial.TextTask, "r.csv", "x,y\n,a\n ,b\n", trial.DataSpec{Label: "y", Text: "x"}, fieldText, 0, `column "x" is empty in every row`},
		{tableNumbers, "r.csv", "x,y\n1,2\n3,2.0\n", trial.DataSpec{Label: "y"}, fieldLabel, 0, `column "y" has one value only, 2`},
		{trial.TextTask, "r.csv", "x,y\n1,a\n2,b\n", trial.DataSpec{Label: "y", Text: "x", TextPair: "z"}, fieldPair, 1, `no column "z"`},
		{trial.TextTask, "r.csv", "x,y\n1,a\n\xff,b\n", trial.DataSpec{Label: "y", Text: "x"}, fieldTrain, 3, "is not UTF-8"},
		{trial.TextTask, "r.csv", "x,y\n1,a\n", trial.DataSpec{Label: "y", Text: "x", Table: &trial.TableSpec{}}, fieldTable, 0, "no table"},
		{"poetry", "r.csv", "x,y\n1,a\n", trial.DataSpec{Label: "y"}, "trainer.task", 0, `no task "poetry"`},
		{trial.TableTask, "r.parquet", "", trial.DataSpec{Label: "y"}, fieldTrain, 0, "no Parquet file"},
	} {
		c.spec.Train = written(t, c.name, c.text)
		_, err := Read(c.task, c.spec, trial.FoldPlan{})
		var e *Error
		if !errors.As(err, &e) || e.Field != c.field || e.Line != c.line || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s %q: %v", c.task, c.text, err)
		}
	}
	s := trial.DataSpec{Train: "testdata/rows.parquet", Label: "share", Table: &trial.TableSpec{Drop: []string{"tags", "scores", "image"}}}
	var e *Error
	if _, err := Read(tableNumbers, s, trial.FoldPlan{}); !errors.As(err, &e) || e.Row != 2 || !strings.Contains(err.Error(), "rows.parquet row 2: ") {
		t.Errorf("a missing number: %v", err)
	}
	if _, err := Read(trial.TableTask, trial.DataSpec{Train: t.TempDir(), Label: "y"}, trial.FoldPlan{}); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
}

// Few rows of each class are drawn with the seed, whatever order their classes stand in; features and groups go with them.
func TestFewShot(t *testing.T) {
	var b strings.Builder
	b.WriteString("n,label,who\n")
	for i := range 60 {
		fmt.Fprintf(&b, "%d,%s,g%d\n", i, []string{"a", "b", "b"}[i%3], i%7)
	}
	s := trial.DataSpec{Train: written(t, "r.csv", b.String()), Label: "label", FewShot: 4, Group: "who"}
	draw := func(seed uint64) *Table {
		got, err := Read(trial.TableTask, s, trial.FoldPlan{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	one, again, other := draw(1), draw(1), draw(2)
	if !reflect.DeepEqual(one.Lines, again.Lines) || reflect.DeepEqual(one.Lines, other.Lines) {
		t.Errorf("lines %v, again %v, with another seed %v", one.Lines, again.Lines, other.Lines)
	}
	if one.Rows() != 8 || !slices.IsSorted(one.Lines) {
		t.Errorf("lines %v", one.Lines)
	}
	for row, line := range one.Lines {
		n := line - 2
		if one.Columns[0].Numbers[row] != float64(n) || one.Labels[row] != []string{"a", "b", "b"}[n%3] || one.Keys[row] != one.Labels[row] ||
			one.Classes[one.Y[row]] != one.Labels[row] || one.Names[one.Groups[row]] != fmt.Sprintf("g%d", n%7) {
			t.Errorf("row of line %d: %v %s %s", line, one.Columns[0].Numbers[row], one.Labels[row], one.Names[one.Groups[row]])
		}
	}
	if count := strings.Count(strings.Join(one.Labels, ""), "a"); count != 4 {
		t.Errorf("%d rows of class a", count)
	}
}

// The rows of a validation file are those of the one fold, and never fitted to.
func TestValidationFile(t *testing.T) {
	s := trial.DataSpec{Train: written(t, "train.csv", "n,c,label,who\n1,x,a,p\n2,y,b,q\n3,x,b,p\n"),
		Valid: written(t, "valid.csv", "label,who,n,c\nb,r,9,z\na,p,,y\n"), Label: "label", Group: "who"}
	plan := trial.FoldPlan{K: 1, Split: trial.Fixed}
	got, err := Check(trial.TableTask, s, plan)
	if err != nil {
		t.Fatal(err)
	}
	train, valid, err := plan.Fold(got.Keys, 0)
	if err != nil || !slices.Equal(train, []int{0, 1, 2}) || !slices.Equal(valid, []int{3, 4}) {
		t.Errorf("train %v, valid %v, %v", train, valid, err)
	}
	if !slices.Equal(got.Y, []int32{0, 1, 1, 1, 0}) || !slices.Equal(got.Names, []string{"p", "q", "r"}) || got.Columns[1].Texts[3] != "z" {
		t.Errorf("%+v", got)
	}
	if f := got.Fit(train).Encode(got); f.Rows() != 5 {
		t.Errorf("%d rows", f.Rows())
	}
	s.Valid = written(t, "valid.csv", "label,who,n,c\nc,r,9,z\n")
	var e *Error
	if _, err := Check(trial.TableTask, s, plan); !errors.As(err, &e) || e.Field != fieldValid || e.Line != 2 || !strings.Contains(err.Error(), `class "c" does not occur`) {
		t.Errorf("a class of its own: %v", err)
	}
	s.Valid = written(t, "valid.csv", "label,who,n,c\na,r,many,z\n")
	if _, err := Check(trial.TableTask, s, plan); !errors.As(err, &e) || e.Field != fieldValid || !strings.Contains(err.Error(), "as those of the training file are") {
		t.Errorf("a text among numbers: %v", err)
	}
}

func TestFixedFoldsOfAColumn(t *testing.T) {
	s := trial.DataSpec{Train: written(t, "r.csv", "n,label,fold\n1,a,2\n2,b,10\n3,a,\n4,b,2\n"), Label: "label"}
	plan := trial.FoldPlan{K: 2, Split: trial.Fixed, Column: "fold"}
	got, err := Check(trial.TableTask, s, plan)
	if err != nil || len(got.Columns) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if train, valid, err := plan.Fold(got.Keys, 0); err != nil || !slices.Equal(train, []int{1, 2}) || !slices.Equal(valid, []int{0, 3}) {
		t.Errorf("train %v, valid %v, %v", train, valid, err)
	}
	plan.K = 5
	var e *Error
	if _, err := Check(trial.TableTask, s, plan); !errors.As(err, &e) || e.Field != fieldFolds || !strings.Contains(err.Error(), "2 folds are named, but k is 5") {
		t.Errorf("%v", err)
	}
}

// No group is on both sides of a fold.
func TestGroupFolds(t *testing.T) {
	var b strings.Builder
	b.WriteString("n,y,who\n")
	for i := range 90 {
		fmt.Fprintf(&b, "%d,%d,g%d\n", i, i, i%11)
	}
	s := trial.DataSpec{Train: written(t, "r.csv", b.String()), Label: "y"}
	plan := trial.FoldPlan{K: 4, Split: trial.Group, Column: "who", Seed: 3}
	got, err := Check(tableNumbers, s, plan)
	if err != nil {
		t.Fatal(err)
	}
	for fold := range 8 {
		train, valid, err := plan.Fold(got.Keys, fold)
		if err != nil || len(valid) == 0 {
			t.Fatal(valid, err)
		}
		for _, row := range valid {
			if slices.ContainsFunc(train, func(other int) bool { return got.Keys[other] == got.Keys[row] }) {
				t.Errorf("fold %d: group %s is on both sides", fold, got.Keys[row])
			}
		}
	}
}

func TestImageFolders(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("10/b.png", pngOf(t, 3, 2, 200))
	put("10/deep/a.PNG", pngOf(t, 2, 2, 10))
	put("9/.DS_Store", "")
	put("9/x.jpeg", pngOf(t, 1, 1, 0)) // what is in it counts
	put("notes.txt", "")
	put(".git/x.png", "")
	s := trial.DataSpec{Train: dir}
	if _, err := Check(trial.ImageTask, s, trial.FoldPlan{K: 1, Split: trial.Plain}); err == nil || !strings.Contains(err.Error(), "cannot be cut") {
		t.Errorf("three rows in five parts: %v", err)
	}
	got, err := Read(trial.ImageTask, s, trial.FoldPlan{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range got.Paths {
		rel, _ := filepath.Rel(dir, file)
		names = append(names, filepath.ToSlash(rel))
	}
	if !slices.Equal(names, []string{"10/b.png", "10/deep/a.PNG", "9/x.jpeg"}) || !slices.Equal(got.Classes, []string{"9", "10"}) || !slices.Equal(got.Y, []int32{1, 1, 0}) {
		t.Errorf("files %q, classes %q, %v", names, got.Classes, got.Y)
	}
	for _, c := range []struct{ name, text, field, message string }{
		{"9/x.gif", "", fieldTrain, "x.gif is neither PNG nor JPEG by its name"},
		{"8/.keep", "", fieldTrain, `the folder of class "8" has no image`},
		{"9/broken.png", "\x89PNG\r\n\x1a\nand more", fieldTrain, "broken.png: cannot be read as PNG or JPEG"},
	} {
		put(c.name, c.text)
		_, err := Check(trial.ImageTask, s, trial.FoldPlan{K: 2, Split: trial.Plain})
		var e *Error
		if !errors.As(err, &e) || e.Field != c.field || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := os.Remove(filepath.Join(dir, c.name)); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(filepath.Join(dir, "8"))
	}
	_, err = Read(textLabels, trial.DataSpec{Train: dir, Text: "t", Label: "l"}, trial.FoldPlan{})
	if err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("texts of a folder: %v", err)
	}
}

func TestImagePaths(t *testing.T) {
	dir := t.TempDir()
	list := filepath.Join(dir, "list.csv")
	for name, text := range map[string]string{"a.png": pngOf(t, 4, 4, 90), "list.csv": "file,label\na.png,x\n" + filepath.Join(dir, "a.png") + ",y\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := trial.DataSpec{Train: list, Label: "label", Image: &trial.ImageSpec{Path: "file"}}
	got, err := Read(trial.ImageTask, s, trial.FoldPlan{})
	if err != nil || got.Paths[0] != got.Paths[1] {
		t.Fatalf("%+v, %v", got, err)
	}
	for text, message := range map[string]string{"file,label\nb.png,x\n": "there is no image file", "file,label\n,x\n": `column "file" is empty`,
		"pic,label\na.png,x\n": `there is no column "file"`} {
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var e *Error
		if _, err := Read(trial.ImageTask, s, trial.FoldPlan{}); !errors.As(err, &e) || e.Field != fieldPath || !strings.Contains(err.Error(), message) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
