package optim

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// values are those of the reference's tensors, by name.
type values map[string][]float32

type reference struct {
	Shapes map[string][]int
	Start  values
	Grads  []values
	Cases  []struct {
		Name   string
		Config json.RawMessage
		LR     float64
		After  []values
	}
	Schedules []struct {
		Curve         Curve
		Steps         int
		Power, Warmup float64
		Rates         []float64
	}
}

func readReference(t *testing.T) reference {
	t.Helper()
	raw, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref reference
	if err := json.Unmarshal(raw, &ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

// tensors are copies of the reference's: a matrix w, a bias b and a kernel k.
func (r reference) tensors() map[string]Tensor {
	out := map[string]Tensor{}
	for name, start := range r.Start {
		out[name] = Tensor{Name: name, Shape: r.Shapes[name], Data: slices.Clone(start), Grad: make([]float32, len(start)), Factor: 1, Decay: true}
	}
	b := out["b"]
	b.Factor, b.Decay = 0.5, false
	out["b"] = b
	return out
}

// step gives each of the tensors its gradient of step i and moves them.
func (r reference) step(o *Optimizer, ts map[string]Tensor, i int, lr float64) {
	for name, x := range ts {
		copy(x.Grad, r.Grads[i][name])
	}
	o.Step(lr)
}

func bind(t *testing.T, o *Optimizer, ts map[string]Tensor) {
	t.Helper()
	if err := o.Bind(slices.Collect(maps.Values(ts))); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, c Config) *Optimizer {
	t.Helper()
	o, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func near(a, b []float32) bool {
	for i := range a {
		if d := math.Abs(float64(a[i] - b[i])); !(d <= 2e-6*(1+math.Abs(float64(b[i])))) {
			return false
		}
	}
	return len(a) == len(b)
}

func TestStepAgreesWithTheReference(t *testing.T) {
	ref := readReference(t)
	seen := map[Kind]bool{}
	for _, c := range ref.Cases {
		t.Run(c.Name, func(t *testing.T) {
			var named struct{ Kind Kind }
			if err := json.Unmarshal(c.Config, &named); err != nil {
				t.Fatal(err)
			}
			config := Default(named.Kind)
			if err := json.Unmarshal(c.Config, &config); err != nil {
				t.Fatal(err)
			}
			seen[config.Kind] = true
			o, ts := must(t, config), ref.tensors()
			bind(t, o, ts)
			for i := range ref.Grads {
				ref.step(o, ts, i, c.LR/float64(i+1))
				for name, x := range ts {
					if want := c.After[i][name]; !near(x.Data, want) {
						t.Fatalf("step %d: %s is %v, want %v", i, name, x.Data, want)
					}
				}
			}
		})
	}
	if len(seen) != len(Kinds) {
		t.Errorf("the reference has only %v of %v", seen, Kinds)
	}
}

// The first AdamW step has a closed form: the corrected moments are the gradient and its square, so the weight moves by
// lr*g/(|g|+eps) after decaying by lr*decay.
func TestFirstAdamWStepClosedForm(t *testing.T) {
	c := Default(AdamW)
	c.WeightDecay = 0.5
	o, _ := New(c)
	w := Tensor{Name: "w", Data: []float32{2}, Grad: []float32{-0.25}, Factor: 1, Decay: true}
	if err := o.Bind([]Tensor{w}); err != nil {
		t.Fatal(err)
	}
	if norm := o.Step(0.1); norm != 0.25 {
		t.Errorf("norm %v, want 0.25", norm)
	}
	if want := 2*(1-0.1*0.5) + 0.1; math.Abs(float64(w.Data[0])-want) > 1e-6 {
		t.Errorf("w=%v, want %v", w.Data[0], want)
	}
}

func TestGradientsThatAreNotFiniteMoveNothing(t *testing.T) {
	o, _ := New(Default(SGD))
	w := Tensor{Name: "w", Data: []float32{1}, Grad: []float32{float32(math.NaN())}, Factor: 1}
	if err := o.Bind([]Tensor{w}); err != nil {
		t.Fatal(err)
	}
	if norm := o.Step(1); !math.IsNaN(norm) || w.Data[0] != 1 || o.State()[0].Steps != 0 {
		t.Errorf("norm %v, w=%v, state %v", norm, w.Data, o.State())
	}
}

// A tensor bound later begins with its own step count, and one left out keeps its moments.
func TestBindLater(t *testing.T) {
	ref := readReference(t)
	for _, kind := range Kinds {
		o, all := must(t, Default(kind)), ref.tensors()
		bind(t, o, map[string]Tensor{"b": all["b"]})
		ref.step(o, all, 1, 0.1)
		bind(t, o, all)
		ref.step(o, all, 0, 0.1)
		fresh, early := must(t, Default(kind)), ref.tensors()
		bind(t, fresh, early)
		ref.step(fresh, early, 0, 0.1)
		if w := all["w"]; !slices.Equal(w.Data, early["w"].Data) {
			t.Errorf("%s: a late tensor moved to %v, an early one to %v", kind, w.Data, early["w"].Data)
		}
		if s := o.State(); s[0].Name != "b" || s[0].Steps != 2 || s[1].Steps != 1 {
			t.Errorf("%s: state %+v", kind, s)
		}
		if o.Bind([]Tensor{{Name: "w", Data: make([]float32, 2), Grad: make([]float32, 2)}}) == nil {
			t.Errorf("%s: a tensor of another size was bound to old moments", kind)
		}
	}
}

func TestResumeIsExactToTheBit(t *testing.T) {
	ref := readReference(t)
	for _, kind := range Kinds {
		run := func(interrupt int) map[string]Tensor {
			o, ts := must(t, Default(kind)), ref.tensors()
			bind(t, o, ts)
			for i := range ref.Grads {
				if i == interrupt {
					fresh := must(t, Default(kind))
					if err := fresh.Restore(o.State()); err != nil {
						t.Fatal(err)
					}
					o = fresh
					bind(t, o, ts)
				}
				ref.step(o, ts, i, 0.01)
			}
			return ts
		}
		whole, cut := run(-1), run(5)
		for name, x := range whole {
			if !slices.Equal(x.Data, cut[name].Data) {
				t.Errorf("%s: %s of the interrupted run differs", kind, name)
			}
		}
	}
}

// A step that knows the rows of the gradient gives the bits of one that does not, also where a run is resumed.
func TestRowsChangeNothing(t *testing.T) {
	const rows, width = 9, 5
	gradients := [][]int32{{2, 7}, {}, {7, 8}, {0}}
	for _, c := range []Config{
		{Kind: AdamW, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, WeightDecay: 0.1, ClipNorm: 0.5},
		{Kind: AdamW, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8},
		{Kind: SGD, Momentum: 0.9, WeightDecay: 0.1},
		{Kind: Lion, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1},
		{Kind: Adafactor, WeightDecay: 0.1},
	} {
		run := func(sparse bool, interrupt int) []float32 {
			o, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			var reached []int32
			w := Tensor{Name: "w", Shape: []int{rows, width}, Data: make([]float32, rows*width), Grad: make([]float32, rows*width), Factor: 1, Decay: true}
			if sparse {
				w.Rows, w.Width = &reached, width
			}
			for i := range w.Data {
				w.Data[i] = float32(i%7) - 2.5
			}
			for i, some := range gradients {
				if i == interrupt {
					fresh, _ := New(c)
					if err := fresh.Restore(o.State()); err != nil {
						t.Fatal(err)
					}
					o = fresh
				}
				if err := o.Bind([]Tensor{w}); err != nil {
					t.Fatal(err)
				}
				clear(w.Grad)
				reached = some
				for _, r := range some {
					for j := range width {
						w.Grad[int(r)*width+j] = float32(i+1) * (float32(j) - 1.5)
					}
				}
				o.Step(0.1)
			}
			return w.Data
		}
		want := run(false, -1)
		for interrupt := range gradients {
			if got := run(true, interrupt); !slices.Equal(got, want) {
				t.Errorf("%+v interrupted at %d: %v, want %v", c, interrupt, got, want)
			}
		}
	}
	o, _ := New(Default(AdamW))
	bad := Tensor{Name: "w", Data: make([]float32, 5), Grad: make([]float32, 5), Rows: new([]int32), Width: 2}
	if o.Bind([]Tensor{bad}) == nil {
		t.Error("a table of 5 values has rows of 2")
	}
}

func TestAnOptimizerRefusesTheStateOfAnother(t *testing.T) {
	ref := readReference(t)
	for _, from := range Kinds {
		o := must(t, Default(from))
		bind(t, o, ref.tensors())
		for _, to := range Kinds {
			other := must(t, Default(to))
			if err := other.Restore(o.State()); err != nil {
				t.Fatal(err)
			}
			same := from == to || from == SGD && to == Lion || from == Lion && to == SGD // one moment of the same size
			if err := other.Bind(slices.Collect(maps.Values(ref.tensors()))); (err == nil) != same {
				t.Errorf("%s with the state of %s: %v", to, from, err)
			}
		}
		if o.Restore([]Slot{{Name: "w", Steps: -1}}) == nil {
			t.Error("steps below zero")
		}
	}
}

// A matrix of a million weights takes two vectors of memory, not two matrices.
func TestAdafactorRemembersLittle(t *testing.T) {
	for kind, want := range map[Kind]int{AdamW: 2_000_000, SGD: 1_000_000, Lion: 1_000_000, Adafactor: 2_000} {
		got := 0
		for _, n := range ruleFor(Default(kind)).moments(Tensor{Shape: []int{1000, 1000}, Data: make([]float32, 1_000_000)}) {
			got += n
		}
		if got != want {
			t.Errorf("%s remembers %d values, want %d", kind, got, want)
		}
	}
}

// What a step allocates does not grow with the tensors: a few vectors for Adafactor, next to nothing otherwise.
func TestStepAllocatesLittle(t *testing.T) {
	const side = 1 << 10
	for _, kind := range Kinds {
		w := Tensor{Name: "w", Shape: []int{side, side}, Data: make([]float32, side*side), Grad: make([]float32, side*side), Factor: 1}
		o := must(t, Default(kind))
		bind(t, o, map[string]Tensor{"w": w})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		o.Step(0.1)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > side*64 {
			t.Errorf("%s: %d bytes a step", kind, n)
		}
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"none of":      func(c *Config) { c.Kind = "adam" },
		"weight_decay": func(c *Config) { c.WeightDecay = -1 },
		"clip_norm":    func(c *Config) { c.ClipNorm = math.Inf(1) },
		"momentum":     func(c *Config) { c.Kind = SGD; c.Momentum = 1 },
		"nesterov":     func(c *Config) { c.Kind = SGD; c.Momentum = 0; c.Nesterov = true },
		"adamw with":   func(c *Config) { c.Beta2 = 1 },
		"lion with":    func(c *Config) { c.Kind = Lion; c.Beta1 = -0.1 },
	} {
		c := Default(AdamW)
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
