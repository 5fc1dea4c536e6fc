package ops

import (
	"gorgonia.org/tensor"

	"automl/runner/finetune/blas"
)

// GlobalAveragePool averages x (N, C, H, W) over its pixels to (N, C).
func (b *Builder[T]) GlobalAveragePool(x *Node) *Node {
	if !b.ready("avgpool", []int{4}, x) {
		return nil
	}
	s := x.Shape()
	c, hw, run := s[1], s[2]*s[3], &b.run
	return b.apply(kernel[T]{
		name: "avgpool",
		forward: func(in [][]T, out []T) error {
			for i := range run.rows * c {
				var sum T
				for _, v := range in[0][i*hw : (i+1)*hw] {
					sum += v
				}
				out[i] = sum / T(hw)
			}
			return nil
		},
		backward: func(_ [][]T, _, grad []T, d [][]T) error {
			for i := range run.rows * c {
				g, dx := grad[i]/T(hw), d[0][i*hw:(i+1)*hw]
				for j := range dx {
					dx[j] = g
				}
			}
			return nil
		},
	}, tensor.Shape{s[0], c}, x)
}

// PoolConfig is a pooling window. Padding never wins: it counts as minus
// infinity.
type PoolConfig struct {
	KH, KW, StrideH, StrideW             int
	PadTop, PadBottom, PadLeft, PadRight int
}

// MaxPool takes the largest value of each window of x (N, C, H, W). The
// gradient goes to the first largest one.
func (b *Builder[T]) MaxPool(x *Node, c PoolConfig) *Node {
	if !b.ready("maxpool", []int{4}, x) {
		return nil
	}
	s := x.Shape()
	if min(c.KH, c.KW, c.StrideH, c.StrideW) < 1 || min(c.PadTop, c.PadBottom, c.PadLeft, c.PadRight) < 0 ||
		max(c.PadTop, c.PadBottom) >= c.KH || max(c.PadLeft, c.PadRight) >= c.KW ||
		s[2]+c.PadTop+c.PadBottom < c.KH || s[3]+c.PadLeft+c.PadRight < c.KW {
		return b.fail("maxpool: window %+v does not fit input %v", c, s)
	}
	p := &maxPool[T]{
		cfg: c, c: s[1], h: s[2], w: s[3], run: &b.run,
		oh: (s[2]+c.PadTop+c.PadBottom-c.KH)/c.StrideH + 1,
		ow: (s[3]+c.PadLeft+c.PadRight-c.KW)/c.StrideW + 1,
	}
	p.from = room[int32](b, s[0]*s[1]*p.oh*p.ow)
	return b.apply(kernel[T]{name: "maxpool", forward: p.forward, backward: p.backward},
		tensor.Shape{s[0], s[1], p.oh, p.ow}, x)
}

type maxPool[T Float] struct {
	cfg             PoolConfig
	c, h, w, oh, ow int
	from            []int32 // per output: index of the winner within its plane
	run             *runState
}

func (p *maxPool[T]) forward(in [][]T, out []T) error {
	p.eachPlane(func(plane int) {
		x := in[0][plane*p.h*p.w : (plane+1)*p.h*p.w]
		for i := range p.oh * p.ow {
			at := p.winner(x, i/p.ow, i%p.ow)
			p.from[plane*p.oh*p.ow+i] = int32(at)
			out[plane*p.oh*p.ow+i] = x[at]
		}
	})
	return nil
}

// eachPlane calls f for every channel of every image, several at a time. A value of
// a window takes as long as some 50 multiplications.
func (p *maxPool[T]) eachPlane(f func(plane int)) {
	planes := p.run.rows * p.c
	blas.Each(planes, 50*planes*p.oh*p.ow*p.cfg.KH*p.cfg.KW, f)
}

// winner returns the index of the first largest value in one window. Every
// window holds at least one pixel, as the padding is smaller than the window.
func (p *maxPool[T]) winner(x []T, oy, ox int) int {
	best := -1
	y0, x0 := oy*p.cfg.StrideH-p.cfg.PadTop, ox*p.cfg.StrideW-p.cfg.PadLeft
	for y := max(y0, 0); y < min(y0+p.cfg.KH, p.h); y++ {
		for c := max(x0, 0); c < min(x0+p.cfg.KW, p.w); c++ {
			if i := y*p.w + c; best < 0 || x[i] > x[best] {
				best = i
			}
		}
	}
	return best
}

func (p *maxPool[T]) backward(_ [][]T, _, grad []T, d [][]T) error {
	hw, ohw := p.h*p.w, p.oh*p.ow
	clear(d[0][p.run.rows*p.c*hw:])
	p.eachPlane(func(plane int) {
		dx := d[0][plane*hw : (plane+1)*hw]
		clear(dx)
		for i := range ohw {
			dx[p.from[plane*ohw+i]] += grad[plane*ohw+i]
		}
	})
	return nil
}
