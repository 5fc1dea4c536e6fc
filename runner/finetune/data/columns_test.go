package data

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"automl/trial"
)

// tableOf writes text to a file and describes it as a table with the class in column "label".
func tableOf(t *testing.T, text string) trial.DataSpec {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return trial.DataSpec{Train: file, Label: "label", Table: &trial.TableSpec{}}
}

// mixed has a column of numbers, one of categories, each with a value missing, a number that names a category, and a group.
const mixed = `age,town,label,zip,group
30, Ulm,yes,8001,a
NA,Bern,no,8002,a
50,,yes,8001,b
1e1,Bern,no,8003,b
`

func TestColumns(t *testing.T) {
	s := tableOf(t, mixed)
	s.Table.Categorical = []string{"zip"}
	got, err := Read(trial.TableTask, s, trial.FoldPlan{Column: "group"})
	if err != nil {
		t.Fatal(err)
	}
	if age := got.Columns[0]; age.Name != "age" || age.Texts != nil || !math.IsNaN(age.Numbers[1]) || age.Numbers[3] != 10 {
		t.Errorf("age: %+v", age)
	}
	want := []Column{
		{Name: "town", Texts: []string{"Ulm", "Bern", "", "Bern"}},
		{Name: "zip", Texts: []string{"8001", "8002", "8001", "8003"}, categorical: true},
	}
	if !reflect.DeepEqual(got.Columns[1:], want) {
		t.Errorf("%+v, want %+v", got.Columns[1:], want)
	}
	if !reflect.DeepEqual(got.Keys, []string{"a", "a", "b", "b"}) || !reflect.DeepEqual(got.Y, []int32{1, 0, 1, 0}) {
		t.Errorf("keys %v, classes %v", got.Keys, got.Y)
	}
	s.Table = &trial.TableSpec{Drop: []string{"zip", "town", "group"}}
	if got, err = Read(trial.TableTask, s, trial.FoldPlan{}); err != nil || len(got.Columns) != 1 {
		t.Errorf("%d columns, %v", len(got.Columns), err)
	}
}

// The columns of the test file are found by name, wherever they stand, and are of the kind they have in the training file.
func TestColumnsOfTheTestFile(t *testing.T) {
	s := tableOf(t, "n,c,label\n1,a,x\n2,b,y\n")
	training, err := Read(trial.TableTask, s, trial.FoldPlan{})
	if err != nil {
		t.Fatal(err)
	}
	s.Test = tableOf(t, "label,other,c,n\nx,9,7,3\n").Train
	got, err := ReadTest(trial.TableTask, s, training)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Columns) != 2 || got.Columns[0].Numbers[0] != 3 || got.Columns[1].Texts[0] != "7" {
		t.Errorf("%+v", got.Columns)
	}
	if training.Columns[0].Numbers[0] != 1 {
		t.Error("reading the test file changed the training table")
	}
	for text, want := range map[string]string{
		"label,c,n\nx,a,much\n": `"much" in column "n" is not a number, as those of the training file are`,
		"label,c,m\nx,a,1\n":    `there is no column "n"`,
		"label,c,n\nz,a,1\n":    `class "z" does not occur`,
	} {
		s.Test = tableOf(t, text).Train
		_, err := ReadTest(trial.TableTask, s, training)
		var e *Error
		if !errors.As(err, &e) || e.Field != fieldTest || e.Line == 0 || !strings.Contains(e.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestColumnErrors(t *testing.T) {
	many := "c,label\n"
	for i := range maxLevels + 1 {
		many += fmt.Sprintf("v%d,%d\n", i, i%2)
	}
	for _, c := range []struct {
		text    string
		table   trial.TableSpec
		field   string
		line    int
		message string
	}{
		{"n,label\n1,a\n?,b\nx,b\n", trial.TableSpec{}, fieldTrain, 4, `"x" in column "n" is not a number, as others in it are (correct it`},
		{"n,label\n1,a\n1e200,b\n", trial.TableSpec{}, fieldTrain, 3, "1e200"},
		{",n,label\n0,1,a\n", trial.TableSpec{}, fieldTrain, 1, "column 1 has no name (give it one"},
		{"n,n,label\n1,1,a\n", trial.TableSpec{}, fieldTrain, 1, "stands twice"},
		{"n,label\n1,a\n", trial.TableSpec{Drop: []string{"n"}}, fieldTable, 1, "no column is left"},
		{"n,label\n1,a\n", trial.TableSpec{Drop: []string{"m"}}, fieldDrop, 1, `did you mean "n"?`},
		{"n,label\n1,a\n", trial.TableSpec{Drop: []string{"label"}}, fieldDrop, 0, "is the label"},
		{"n,label\n1,a\n", trial.TableSpec{Categorical: []string{"m"}}, fieldCategorical, 1, "there is no column"},
		{"n,label\n1,a\n", trial.TableSpec{Categorical: []string{"n"}, Drop: []string{"n"}}, fieldTable, 0, "one of the two"},
		{many, trial.TableSpec{}, fieldTable, 0, "1001 categories"},
	} {
		s := tableOf(t, c.text)
		s.Table = &c.table
		_, err := Read(trial.TableTask, s, trial.FoldPlan{})
		var e *Error
		if !errors.As(err, &e) || e.Field != c.field || e.Line != c.line || !strings.Contains(e.Error(), c.message) {
			t.Errorf("%.30q: %v", c.text, err)
		}
	}
	both := tableOf(t, mixed)
	both.Image = &trial.ImageSpec{Pixels: "p*", Height: 1, Width: 1, Max: 1}
	if _, err := Read(trial.TableTask, both, trial.FoldPlan{}); err == nil || !strings.Contains(err.Error(), "not both") {
		t.Errorf("image and table: %v", err)
	}
}
