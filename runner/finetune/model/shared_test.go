package model

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"automl/runner/finetune/safetensors"
)

// repoFile returns the path of a file of the repository, from its root.
func repoFile(t testing.TB, elem ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(append([]string{dir}, elem...)...)
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = filepath.Dir(dir)
	}
}

// quickstart loads the network that ships with the repository, at 16 x 16.
func quickstart(t testing.TB) *Net {
	t.Helper()
	n, err := Load(repoFile(t, "configs", "quickstart", "resnet8"))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.SetInput(16, 16); err != nil {
		t.Fatal(err)
	}
	return n
}

// sharedDir finds the data shared between checkouts: AUTOML_SHARED, or a folder
// "shared" beside a folder above this one. Without it the test is skipped.
func sharedDir(t testing.TB, elem ...string) string {
	t.Helper()
	roots := []string{os.Getenv("AUTOML_SHARED")}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		roots = append(roots, filepath.Join(dir, "shared"))
	}
	for _, root := range roots {
		path := filepath.Join(append([]string{root}, elem...)...)
		if _, err := os.Stat(path); root != "" && err == nil {
			return path
		}
	}
	t.Skipf("%s not found in AUTOML_SHARED or a folder \"shared\" above this one", filepath.Join(elem...))
	return ""
}

// recorded holds the reference run of ResNet-8: inputs, and what PyTorch
// computed from them.
type recorded struct {
	t       *testing.T
	dir     string
	file    *safetensors.File
	labels  []int32
	summary struct {
		Train, Eval struct {
			Loss      float64            `json:"loss"`
			GradNorms map[string]float64 `json:"grad_norms"`
		}
	}
}

func loadRecorded(t *testing.T) *recorded {
	t.Helper()
	r := &recorded{t: t, dir: sharedDir(t, "data", "resnet8_cifar10")}
	var err error
	if r.file, err = safetensors.Read(filepath.Join(r.dir, "reference", "reference.safetensors")); err != nil {
		t.Fatal(err)
	}
	for _, l := range r.file.Find("labels").Ints {
		r.labels = append(r.labels, int32(l))
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "reference", "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	raw := map[string]any{"Train": &r.summary.Train, "Eval": &r.summary.Eval}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		t.Fatal(err)
	}
	for key, to := range map[string]any{"train_mode": raw["Train"], "eval_mode": raw["Eval"]} {
		if err := json.Unmarshal(parts[key], to); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *recorded) data(name string) []float32 {
	x := r.file.Find(name)
	if x == nil {
		r.t.Fatalf("reference has no %s", name)
	}
	return x.Data
}

// maxDiff returns the largest absolute difference, NaN if any value is NaN.
func maxDiff(a, b []float32) float64 {
	top := 0.0
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		if d > top || d != d {
			top = d
		}
	}
	return top
}

func norm(x []float32) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return math.Sqrt(s)
}
