package optim

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

type values struct{ W, B []float32 }

type reference struct {
	W, B  []float32
	Grads []values
	Cases []struct {
		Name   string
		Config Config
		Clip   float64
		After  []values
	}
}

func readReference(t *testing.T) reference {
	t.Helper()
	raw, err := os.ReadFile("testdata/pytorch.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref reference
	if err := json.Unmarshal(raw, &ref); err != nil {
		t.Fatal(err)
	}
	return ref
}

// pair binds copies of the reference's two tensors.
func pair(t *testing.T, o *Optimizer, ref reference) (w, b Tensor) {
	t.Helper()
	w = Tensor{Name: "w", Data: slices.Clone(ref.W), Grad: make([]float32, len(ref.W)), Factor: 1, Decay: true}
	b = Tensor{Name: "b", Data: slices.Clone(ref.B), Grad: make([]float32, len(ref.B)), Factor: 0.5}
	if err := o.Bind([]Tensor{w, b}); err != nil {
		t.Fatal(err)
	}
	return w, b
}

func near(a, b []float32) bool {
	for i := range a {
		if d := math.Abs(float64(a[i] - b[i])); !(d <= 2e-6*(1+math.Abs(float64(b[i])))) {
			return false
		}
	}
	return len(a) == len(b)
}

func TestStepAgreesWithPyTorch(t *testing.T) {
	ref := readReference(t)
	for _, c := range ref.Cases {
		t.Run(c.Name, func(t *testing.T) {
			config := Default(c.Config.Kind)
			config.WeightDecay, config.Nesterov, config.ClipNorm = c.Config.WeightDecay, c.Config.Nesterov, c.Clip
			if c.Config.Kind == SGD {
				config.Momentum = c.Config.Momentum
			}
			o, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			w, b := pair(t, o, ref)
			for i, g := range ref.Grads {
				copy(w.Grad, g.W)
				copy(b.Grad, g.B)
				o.Step(0.05 / float64(i+1))
				if !near(w.Data, c.After[i].W) || !near(b.Data, c.After[i].B) {
					t.Fatalf("step %d: w=%v b=%v, PyTorch %v", i, w.Data, b.Data, c.After[i])
				}
			}
		})
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
	o, _ := New(Default(AdamW))
	w, b := pair(t, o, ref)
	bind := func(ts ...Tensor) {
		t.Helper()
		if err := o.Bind(ts); err != nil {
			t.Fatal(err)
		}
	}
	bind(b)
	copy(b.Grad, ref.Grads[0].B)
	o.Step(0.1)
	bind(w, b)
	copy(w.Grad, ref.Grads[0].W)
	o.Step(0.1)
	fresh, _ := New(Default(AdamW))
	w2, b2 := pair(t, fresh, ref)
	copy(w2.Grad, ref.Grads[0].W)
	copy(b2.Grad, ref.Grads[0].B)
	fresh.Step(0.1)
	if !slices.Equal(w.Data, w2.Data) {
		t.Errorf("a late tensor moved to %v, an early one to %v", w.Data, w2.Data)
	}
	if s := o.State(); s[0].Name != "b" || s[0].Steps != 2 || s[1].Steps != 1 {
		t.Errorf("state %+v", s)
	}
	if o.Bind([]Tensor{{Name: "w", Data: make([]float32, 2), Grad: make([]float32, 2)}}) == nil {
		t.Error("a tensor of another size was bound to old moments")
	}
}

func TestResumeIsExactToTheBit(t *testing.T) {
	ref := readReference(t)
	for _, kind := range []Kind{AdamW, SGD} {
		run := func(interrupt int) (w, b Tensor) {
			o, _ := New(Default(kind))
			w, b = pair(t, o, ref)
			for i, g := range ref.Grads {
				if i == interrupt {
					fresh, _ := New(Default(kind))
					if err := fresh.Restore(o.State()); err != nil {
						t.Fatal(err)
					}
					o = fresh
					if err := o.Bind([]Tensor{w, b}); err != nil {
						t.Fatal(err)
					}
				}
				copy(w.Grad, g.W)
				copy(b.Grad, g.B)
				o.Step(0.01)
			}
			return w, b
		}
		w1, b1 := run(-1)
		w2, b2 := run(5)
		if !slices.Equal(w1.Data, w2.Data) || !slices.Equal(b1.Data, b2.Data) {
			t.Errorf("%s: the interrupted run differs", kind)
		}
	}
	adam, _ := New(Default(AdamW))
	if adam.Restore([]Slot{{Name: "w", M: make([]float32, 2)}}) == nil {
		t.Error("AdamW took the state of SGD")
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
	} {
		run := func(sparse bool, interrupt int) []float32 {
			o, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			var reached []int32
			w := Tensor{Name: "w", Data: make([]float32, rows*width), Grad: make([]float32, rows*width), Factor: 1, Decay: true}
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

func TestStepDoesNotAllocate(t *testing.T) {
	o, _ := New(Default(AdamW))
	w, _ := pair(t, o, readReference(t))
	w.Grad[0] = 1
	if n := testing.AllocsPerRun(20, func() { o.Step(0.1) }); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"neither":      func(c *Config) { c.Kind = "adam" },
		"weight_decay": func(c *Config) { c.WeightDecay = -1 },
		"clip_norm":    func(c *Config) { c.ClipNorm = math.Inf(1) },
		"momentum":     func(c *Config) { c.Kind = SGD; c.Momentum = 1 },
		"nesterov":     func(c *Config) { c.Kind = SGD; c.Momentum = 0; c.Nesterov = true },
		"betas":        func(c *Config) { c.Beta2 = 1 },
	} {
		c := Default(AdamW)
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
