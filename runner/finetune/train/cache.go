package train

import (
	"fmt"
	"slices"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
)

// prefixBatch is how many rows go through the frozen blocks at a time.
const prefixBatch = 32

// cache holds what comes out of the network's bottom blocks while they are frozen, one entry a row. It takes rows times the
// activations' size times 4 bytes: at 32x32 a row of ResNet-8 takes 64 KiB above its stem, and 256 bytes below its head.
type cache struct {
	per  int       // floats a row
	at   []int32   // row -> position; -1: not cached
	data []float32 // positions x per
}

func (c *cache) Size() int { return c.per }

func (c *cache) Write(dst []float32, row int) {
	p := int(c.at[row]) * c.per
	copy(dst, c.data[p:p+c.per])
}

// newCache runs the given rows through the bottom k blocks. It returns nil when that would take more than limit bytes.
func newCache(net *model.Net, in data.Inputs, rows []int, k int, limit int64) (*cache, error) {
	ch, h, w := net.PrefixShape(k)
	c := &cache{per: ch * h * w}
	if int64(len(rows))*int64(c.per)*4 > limit {
		return nil, nil
	}
	prefix, err := net.NewPrefix(k, prefixBatch)
	if err != nil {
		return nil, fmt.Errorf("build the frozen blocks: %w", err)
	}
	defer prefix.Close()
	c.at = slices.Repeat([]int32{-1}, in.Rows())
	c.data = make([]float32, 0, len(rows)*c.per)
	x := make([]float32, prefixBatch*in.Size())
	for some := range slices.Chunk(rows, prefixBatch) {
		for i, row := range some {
			in.Write(x[i*in.Size():(i+1)*in.Size()], row)
		}
		out, err := prefix.Logits(x[:len(some)*in.Size()], len(some))
		if err != nil {
			return nil, fmt.Errorf("run the frozen blocks: %w", err)
		}
		for i, row := range some {
			c.at[row] = int32(len(c.data) / c.per)
			c.data = append(c.data, out[i*c.per:(i+1)*c.per]...)
		}
	}
	return c, nil
}
