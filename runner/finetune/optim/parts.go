package optim

import "automl/runner/finetune/blas"

// part is the values of a bound tensor from lo up to hi: what a goroutine does at a time, so that those of all tensors together
// are divided, most of which are too small to be. Of a table it is whole rows.
type part struct{ slot, lo, hi int }

// partSize values, about, are a part: some 10 microseconds.
const partSize = 1 << 15

func appendParts(parts []part, slot int, t Tensor) []part {
	size := partSize
	if t.Rows != nil {
		size = max(1, partSize/t.Width) * t.Width
	}
	for lo := 0; lo < len(t.Data); lo += size {
		parts = append(parts, part{slot, lo, min(lo+size, len(t.Data))})
	}
	return parts
}

// each calls f for all parts, in any order and several at a time.
func (o *Optimizer) each(f func(i int, p part)) {
	values := 0
	for _, s := range o.bound {
		values += len(s.tensor.Data)
	}
	blas.Each(len(o.parts), 16*values, func(i int) { f(i, o.parts[i]) })
}
