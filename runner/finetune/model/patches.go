package model

import (
	"math"
	"slices"
)

// patchArch is an architecture that cuts images into patches: what enters its
// blocks is a row per token of an image, all images having the same number, from
// block 1 up to, but not with, the head's.
type patchArch interface {
	arch
	// patches is the number of tokens of an image.
	patches(height, width int) int
}

// patches is the number of tokens of an image; 0 in networks that make none.
func (n *Net) patches() int {
	if a, ok := n.arch.(patchArch); ok {
		return a.patches(n.input.Height, n.input.Width)
	}
	return 0
}

// perPatch reports whether what enters block k has a row per token of an image.
func (n *Net) perPatch(k int) bool { return n.patches() > 0 && k > 0 && k < len(n.arch.blocks())-1 }

// patchTokens gives the graph token rows for the patches of its images.
func (g *graphBuilder) patchTokens(from int) error {
	if n := g.net.patches(); n > 0 && (from == 0 || g.net.perPatch(from)) {
		g.maxTokens = g.Batch() * n
		g.seqs = g.Sequences(g.maxTokens)
		g.lengths = slices.Repeat([]int32{int32(n)}, g.Batch())
	}
	return g.Err()
}

// enterRows says how many rows of the batch count, where these are not texts.
func (g *graphBuilder) enterRows(rows int) error {
	if g.lengths == nil {
		return nil
	}
	return g.seqs.Set(g.lengths[:rows])
}

// resize fits the positions to images of another size, bicubically, as
// torch.nn.functional.interpolate does and the transformers library with
// interpolate_pos_encoding. The class token's stays.
func (v *vit) resize(n *Net, height, width int) {
	p := n.byName[vitPosition]
	h, w := n.input.Height/v.cfg.Patch.H, n.input.Width/v.cfg.Patch.W
	nh, nw := height/v.cfg.Patch.H, width/v.cfg.Patch.W
	if h == nh && w == nw {
		return
	}
	size := v.cfg.Hidden
	out := slices.Clone(p.Data[:size])
	for y := range nh {
		ys, fy := cubic(y, h, nh)
		for x := range nw {
			xs, fx := cubic(x, w, nw)
			row := make([]float32, size)
			for i, sy := range ys {
				for j, sx := range xs {
					from, f := p.Data[(1+sy*w+sx)*size:][:size], float32(fy[i]*fx[j])
					for c, value := range from {
						row[c] += f * value
					}
				}
			}
			out = append(out, row...)
		}
	}
	p.Data, p.Shape = out, []int{1, 1 + nh*nw, size}
}

// cubic returns the four neighbours of pixel i of to among from pixels, and their
// weights: cubic convolution (Keys 1981) with a = -0.75, centres at half-integers,
// edges repeated.
func cubic(i, from, to int) (at [4]int, weight [4]float64) {
	const a = -0.75
	x := (float64(i)+0.5)*float64(from)/float64(to) - 0.5
	first := math.Floor(x)
	for k := range at {
		pixel := int(first) + k - 1
		at[k] = min(max(pixel, 0), from-1)
		switch d := math.Abs(x - float64(pixel)); {
		case d <= 1:
			weight[k] = ((a+2)*d-(a+3))*d*d + 1
		case d < 2:
			weight[k] = ((a*d-5*a)*d+8*a)*d - 4*a
		}
	}
	return at, weight
}
