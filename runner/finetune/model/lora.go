package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// LoRATarget is a kind of weight in a transformer layer, which LoRA may update.
type LoRATarget string

// The targets.
const (
	QueryTarget  LoRATarget = "query"
	KeyTarget    LoRATarget = "key"
	ValueTarget  LoRATarget = "value"
	OutputTarget LoRATarget = "output" // of the attention
	FFNTarget    LoRATarget = "ffn"    // both layers of the feed-forward network
)

// LoRATargets lists them.
var LoRATargets = []LoRATarget{QueryTarget, KeyTarget, ValueTarget, OutputTarget, FFNTarget}

// LoRA sets low-rank updates of weights: W + Alpha/Rank * B A (Hu et al. 2021).
type LoRA struct {
	Rank    int
	Alpha   float64
	Targets []LoRATarget
	Blocks  []bool // in which blocks
	Seed    uint64
}

// The names of an update's factors follow that of the weight, as in peft.
const (
	loraA = ".lora_A"
	loraB = ".lora_B"
)

// loraStream sets the draw of the factors apart from every other draw.
const loraStream = 0x6c6f7261

// AddLoRA puts an update on the weights that o names, and makes them and all other
// parameters below the head Fixed: what trains of a block is its updates. A is
// uniform in +-1/sqrt(fan-in) (He et al.'s bound with a slope of sqrt(5), as peft
// draws it), B zero, so that the network computes what it did. Graphs built before
// are invalid.
func (n *Net) AddLoRA(o LoRA) error {
	if o.Rank < 1 || !(o.Alpha > 0) || len(o.Blocks) != len(n.arch.blocks()) || n.lora != 0 {
		return fmt.Errorf("model: lora of rank %d with alpha %v on %d blocks is not possible", o.Rank, o.Alpha, len(o.Blocks))
	}
	head := len(o.Blocks) - 1
	chosen := func(p *Param) bool {
		return p.Block < head && o.Blocks[p.Block] && p.Target != "" && slices.Contains(o.Targets, p.Target)
	}
	if !slices.ContainsFunc(n.params, chosen) {
		return fmt.Errorf("model: %s has no weights that LoRA updates in the blocks chosen", n.Type())
	}
	rng := rand.New(rand.NewPCG(o.Seed, loraStream))
	var params []*Param
	for _, p := range n.params {
		params = append(params, p)
		if p.Block == head {
			continue
		}
		p.Fixed, p.Trainable = p.Trainable, false
		if !chosen(p) {
			continue
		}
		out, in := p.Shape[0], p.Shape[1]
		a := &Param{Name: p.Name + loraA, Block: p.Block, Shape: []int{o.Rank, in}, Data: make([]float32, o.Rank*in), Trainable: true, Decay: true}
		b := &Param{Name: p.Name + loraB, Block: p.Block, Shape: []int{out, o.Rank}, Data: make([]float32, out*o.Rank), Trainable: true, Decay: true}
		for i := range a.Data {
			a.Data[i] = float32((2*rng.Float64() - 1) / math.Sqrt(float64(in)))
		}
		params = append(params, a, b)
	}
	n.params, n.lora = params, o.Alpha/float64(o.Rank)
	n.index()
	return nil
}

// MergeLoRA adds the updates to the weights they belong to, which then train as
// they did before. Graphs built before are invalid.
func (n *Net) MergeLoRA() {
	var params []*Param
	for _, p := range n.params {
		if strings.HasSuffix(p.Name, loraA) || strings.HasSuffix(p.Name, loraB) {
			continue
		}
		params = append(params, p)
		p.Trainable, p.Fixed = p.Trainable || p.Fixed, false
		a, b := n.byName[p.Name+loraA], n.byName[p.Name+loraB]
		if a == nil {
			continue
		}
		rank, in := a.Shape[0], a.Shape[1]
		for i := range p.Data {
			sum := 0.0
			for r := range rank {
				sum += float64(b.Data[i/in*rank+r]) * float64(a.Data[r*in+i%in])
			}
			p.Data[i] += float32(n.lora * sum)
		}
	}
	n.params, n.lora = params, 0
	n.index()
}

// TakesLoRA reports whether there are weights that LoRA updates.
func (n *Net) TakesLoRA() bool {
	return slices.ContainsFunc(n.params, func(p *Param) bool { return p.Target != "" })
}

// Learns says for each block whether anything of it can train.
func (n *Net) Learns() []bool {
	out := make([]bool, len(n.arch.blocks()))
	for _, p := range n.params {
		out[p.Block] = out[p.Block] || p.Trainable
	}
	return out
}
