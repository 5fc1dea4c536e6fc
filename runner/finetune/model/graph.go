package model

import (
	"fmt"

	"automl/runner/finetune/ops"
)

type node = *ops.Node

// graphBuilder is what an architecture builds its blocks with: the operations
// of package ops, and the network's parameters by name.
type graphBuilder struct {
	*ops.Builder[float32]
	net     *Net
	trained []bool // per block
	rate    float64
	seed    uint64
	hidden  hiddenDropout
	// normMomentum replaces the network's own momentum of running statistics, unless 0.
	normMomentum float64
	// frozenStats keeps running statistics in trained blocks too.
	frozenStats bool
	// block is the one being built, dropouts the number of dropouts in it so far, adapters that of low-rank updates.
	block, dropouts, adapters int
	leaves                    map[*Param]node
	ties                      map[*Param]node // second leaves of parameters that have two readers
	norms                     []normUpdate
	// seqs and ids are the tokens of a text network, seqs nil where no token enters the graph. Patches of images are tokens, too.
	seqs      *ops.Sequences
	ids       ops.TokenIDs
	maxTokens int     // of a batch
	lengths   []int32 // of the images of a batch in patches; nil: it is none
	// next and scores are a language model's: the ids of all tokens, and what the
	// last run has found of each text (see ops.TokenScores).
	next   ops.Targets[float32]
	scores []float32
}

// normUpdate is one batch norm of a trained block, whose running statistics
// follow the batch's: r = (1-momentum)*r + momentum*batch.
type normUpdate struct {
	stats          *ops.BatchStats[float32]
	mean, variance *Param
	momentum       float64
}

func newGraph(n *Net, batch int, trained []bool) *graphBuilder {
	return &graphBuilder{
		Builder: ops.NewBuilder[float32](batch),
		net:     n,
		trained: trained,
		leaves:  map[*Param]node{},
		ties:    map[*Param]node{},
	}
}

// input adds the leaf for what enters block k, which aliases the returned
// buffer of batch rows or of tokens. For token ids there is neither.
func (g *graphBuilder) input(k int) (node, []float32) {
	c, h, w := g.net.PrefixShape(k)
	switch {
	case g.net.IsText() && k == 0:
		return nil, nil
	case g.net.PerToken(k) || g.net.perPatch(k):
		return g.TokenBuffer("input", c)
	}
	shape := []int{g.Batch(), c, h, w}
	if h == 1 && w == 1 {
		shape = shape[:2] // a feature vector
	}
	return g.InputBuffer("input", shape...)
}

// stack adds blocks from to to-1 above x.
func (g *graphBuilder) stack(from, to int, x node) node {
	for k := from; k < to; k++ {
		g.block, g.dropouts, g.adapters = k, 0, 0
		x = g.net.arch.build(g, k, x)
	}
	return x
}

// param adds the leaf of a parameter, trainable if its block is trained.
func (g *graphBuilder) param(name string) node {
	p := g.net.byName[name]
	if n, ok := g.leaves[p]; ok {
		return n
	}
	n := g.Param(name, p.Data, p.Trainable && g.trained[p.Block], p.Shape...)
	g.leaves[p] = n
	return n
}

// tied adds a second leaf of a parameter that has another reader: each gets a
// gradient of its own, and the Trainer adds them up.
func (g *graphBuilder) tied(name string) node {
	p := g.net.byName[name]
	n := g.Param(name+" (tied)", p.Data, p.Trainable && g.trained[p.Block], p.Shape...)
	g.ties[p] = n
	return n
}

// dropout adds dropout at the graph's rate; 0 adds nothing. Masks are keyed by
// block and place in it, so they do not depend on where the graph starts.
func (g *graphBuilder) dropout(x node) node {
	return g.Dropout(x, g.drop(g.rate))
}

// drop is the next dropout of the block.
func (g *graphBuilder) drop(rate float64) ops.Drop {
	g.dropouts++
	return ops.Drop{P: rate, Seed: g.seed, Number: uint64(g.block)<<32 | uint64(g.dropouts-1)}
}

// layerDrop is the next dropout within a layer: none in a frozen block, which
// behaves as in evaluation.
func (g *graphBuilder) layerDrop(rate float64) ops.Drop {
	if !g.trained[g.block] {
		rate = 0
	}
	return g.drop(rate)
}

// dense adds the named linear layer.
func (g *graphBuilder) dense(name string, x node) node {
	return g.Linear(x, g.param(name+".weight"), g.param(name+".bias"))
}

// lora takes the update of a weight; nil: it has none. Its dropout is numbered
// apart from the others, whose masks are the same with updates and without.
func (g *graphBuilder) lora(layer string) *ops.LoRA {
	a, b := layer+".weight"+loraA, layer+".weight"+loraB
	if g.net.byName[a] == nil {
		return nil
	}
	l := &ops.LoRA{A: g.param(a), B: g.param(b), Scale: g.net.lora}
	if g.trained[g.block] {
		l.Drop = ops.Drop{P: g.hidden.lora, Seed: g.seed, Number: uint64(g.block)<<32 | 1<<31 | uint64(g.adapters)}
	}
	g.adapters++
	return l
}

// attention takes the named projections of an attention.
func (g *graphBuilder) attention(query, key, value, out string) ops.AttentionParams {
	return ops.AttentionParams{
		QueryW: g.param(query + ".weight"), QueryB: g.param(query + ".bias"),
		KeyW: g.param(key + ".weight"), KeyB: g.param(key + ".bias"),
		ValueW: g.param(value + ".weight"), ValueB: g.param(value + ".bias"),
		OutW: g.param(out + ".weight"), OutB: g.param(out + ".bias"),
		QueryLoRA: g.lora(query), KeyLoRA: g.lora(key), ValueLoRA: g.lora(value), OutLoRA: g.lora(out),
	}
}

// feedForward takes the two named layers of a feed-forward network.
func (g *graphBuilder) feedForward(in, out string) ops.FeedForwardParams {
	return ops.FeedForwardParams{
		InW: g.param(in + ".weight"), InB: g.param(in + ".bias"), OutW: g.param(out + ".weight"), OutB: g.param(out + ".bias"),
		InLoRA: g.lora(in), OutLoRA: g.lora(out),
	}
}

// norm takes the named layer norm to put it before an operation.
func (g *graphBuilder) norm(name string, eps float64) *ops.Norm {
	return &ops.Norm{Gamma: g.param(name + ".weight"), Beta: g.param(name + ".bias"), Eps: eps}
}

// layerNorm adds the named layer norm.
func (g *graphBuilder) layerNorm(name string, x node, eps float64) node {
	return g.LayerNorm(x, g.param(name+".weight"), g.param(name+".bias"), eps)
}

// batchNorm adds the named batch norm: with batch statistics in a trained
// block, with the running statistics as constants in a frozen one.
func (g *graphBuilder) batchNorm(name string, x node, c ops.NormConfig, momentum float64) node {
	gamma, beta := g.param(name+".weight"), g.param(name+".bias")
	mean, variance := g.net.byName[name+".running_mean"], g.net.byName[name+".running_var"]
	if !g.trained[mean.Block] || g.frozenStats {
		return g.BatchNormEval(x, gamma, beta, mean.Data, variance.Data, c)
	}
	if g.normMomentum > 0 {
		momentum = g.normMomentum
	}
	y, stats := g.BatchNormTrain(x, gamma, beta, c)
	g.norms = append(g.norms, normUpdate{stats: stats, mean: mean, variance: variance, momentum: momentum})
	return y
}

// apply moves the running statistics towards those of the last run. The
// variance that is averaged is the unbiased one, n/(n-1) times the one that
// normalizes, as in PyTorch and Keras's fused batch norm.
func (u *normUpdate) apply() {
	blend := func(running, batch []float32, factor float64) {
		for i, b := range batch {
			running[i] = float32((1-u.momentum)*float64(running[i]) + u.momentum*factor*float64(b))
		}
	}
	unbiased := 1.0
	if n := float64(u.stats.Count); n > 1 {
		unbiased = n / (n - 1)
	}
	blend(u.mean.Data, u.stats.Mean, 1)
	blend(u.variance.Data, u.stats.Var, unbiased)
}

// checkRange reports a first block or batch size that makes no graph.
func (n *Net) checkRange(what string, from, batch int) error {
	if from < 0 || from >= len(n.arch.blocks()) {
		return fmt.Errorf("model: %s from block %d, the network has blocks 0 to %d", what, from, len(n.arch.blocks())-1)
	}
	if batch < 1 {
		return fmt.Errorf("model: %s with a batch of %d", what, batch)
	}
	return nil
}
