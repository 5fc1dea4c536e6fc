package ops

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// loraLeaves adds the factors of an update of rank 2; lora takes them.
func loraLeaves(p *problem[float64], rng *rand.Rand, name string, in, out int) {
	p.leaf(rng, name+".a", 2, in)
	p.leaf(rng, name+".b", out, 2)
}

// lora is an update of a layer, with a dropout of its own.
func lora(l map[string]*Node, name string) *LoRA {
	return &LoRA{A: l[name+".a"], B: l[name+".b"], Scale: 0.7, Drop: loraDrop(name)}
}

// loraDrop leaves the query, the value and the last layers without a dropout.
func loraDrop(name string) Drop {
	if strings.HasSuffix(name, "k") || strings.HasSuffix(name, "o") || strings.HasSuffix(name, "1") || name == "l" {
		return Drop{P: 0.3, Seed: 9, Number: uint64(len(name)) + uint64(name[len(name)-1])}
	}
	return Drop{}
}

func TestLoRAGradient(t *testing.T) {
	for _, bias := range []bool{false, true} {
		rng := rand.New(rand.NewPCG(81, 81))
		p := &problem[float64]{batch: 3, fixed: map[string]bool{"w": !bias}}
		p.leaf(rng, "x", 3, 5)
		p.leaf(rng, "w", 4, 5)
		p.leaf(rng, "bias", 4)
		p.fixed["bias"] = !bias
		loraLeaves(p, rng, "l", 5, 4)
		p.build = func(b *Builder[float64], l map[string]*Node) *Node {
			of := l["bias"]
			if !bias {
				of = nil
			}
			return b.SoftmaxCrossEntropy(b.LinearLoRA(l["x"], l["w"], of, lora(l, "l")), &Targets[float64]{Labels: []int32{3, 0, 1}}, LossConfig{})
		}
		finite(t, p, 3)
	}
}

func TestLoRAInAttentionGradient(t *testing.T) {
	for name, c := range map[string]AttentionConfig{
		"residual": {Heads: 2, Residual: true, Out: Drop{P: 0.4, Seed: 4, Number: 2}},
		"norm":     {Heads: 2, Causal: true, Residual: true, Norm: &Norm{Eps: 1e-5}},
	} {
		for _, frozen := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				p, rng := textProblem(func(b *Builder[float64], l map[string]*Node) *Node {
					c.Norm = normLeaves(c.Norm, l)
					params := attentionParams(l, "")
					params.QueryLoRA, params.KeyLoRA, params.ValueLoRA, params.OutLoRA = lora(l, "lq"), lora(l, "lk"), lora(l, "lv"), lora(l, "lo")
					return b.SelfAttention(l["x"], params, c)
				})
				attentionLeaves(p, rng, "", 6)
				for _, at := range []string{"lq", "lk", "lv", "lo"} {
					loraLeaves(p, rng, at, 6, 6)
				}
				addNorm(p, rng, c.Norm)
				freeze(p, frozen)
				finite(t, p, 3)
			})
		}
	}
}

// freeze leaves the factors and the head the only leaves with a gradient.
func freeze(p *problem[float64], frozen bool) {
	for _, name := range p.names {
		p.fixed[name] = frozen && !strings.HasPrefix(name, "l") && name != "head"
	}
}

func TestLoRAInFeedForwardGradient(t *testing.T) {
	for name, c := range map[string]FeedForwardConfig{
		"residual": {Residual: true, Out: Drop{P: 0.4, Seed: 4, Number: 2}},
		"norm":     {Tanh: true, Residual: true, Norm: &Norm{Eps: 1e-5}},
	} {
		for _, frozen := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				p, rng := textProblem(func(b *Builder[float64], l map[string]*Node) *Node {
					c.Norm = normLeaves(c.Norm, l)
					return b.FeedForward(l["x"], FeedForwardParams{InW: l["w1"], InB: l["b1"], OutW: l["w2"], OutB: l["b2"],
						InLoRA: lora(l, "l1"), OutLoRA: lora(l, "l2")}, c)
				})
				p.leaf(rng, "w1", 10, 6)
				p.leaf(rng, "b1", 10)
				p.leaf(rng, "w2", 6, 10)
				p.leaf(rng, "b2", 6)
				loraLeaves(p, rng, "l1", 6, 10)
				loraLeaves(p, rng, "l2", 10, 6)
				addNorm(p, rng, c.Norm)
				freeze(p, frozen)
				finite(t, p, 3)
			})
		}
	}
}
