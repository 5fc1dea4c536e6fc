package train

import (
	"fmt"
	"slices"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
)

// prefixBatch is how many rows go through the frozen blocks at a time.
const prefixBatch = 32

// cache holds what comes out of the network's bottom blocks while they are frozen, one entry a row. It takes the activations' size
// times 4 bytes a row: at 32x32 a row of ResNet-8 takes 64 KiB above its stem, and 256 bytes below its head; a text of 32 tokens
// takes 48 KiB between layers of 384 units.
type cache struct {
	per    int       // floats a row, or of texts a token
	tokens bool      // entries have a vector for each token
	at     []int32   // row -> entry; -1: not cached
	starts []int     // of the entries in data, and the end
	data   []float32 // of all entries
}

// Size is that of an entry, where all have one size.
func (c *cache) Size() int { return c.per }

// Write copies the entry of a row.
func (c *cache) Write(dst []float32, row int) { copy(dst, c.row(row)) }

// row is the entry of a row.
func (c *cache) row(row int) []float32 {
	i := c.at[row]
	return c.data[c.starts[i]:c.starts[i+1]]
}

// feed feeds graphs that begin above the frozen blocks.
func (c *cache) feed(batch int) feed {
	if c.tokens {
		return &activations{cache: c}
	}
	return newFixed(c, batch)
}

// length is how many floats the entry of a row has.
func (c *cache) length(in data.Inputs, row int) int {
	if tokens, ok := in.(*data.Tokens); ok && c.tokens {
		return tokens.Len(row) * c.per
	}
	return c.per
}

// newCache runs the given rows through the bottom k blocks. It returns nil when that would take more than limit bytes.
func newCache(net *model.Net, in data.Inputs, rows []int, k int, limit int64) (*cache, error) {
	ch, h, w := net.PrefixShape(k)
	c := &cache{per: ch * h * w, tokens: net.PerToken(k), starts: []int{0}}
	size := 0
	for _, row := range rows {
		size += c.length(in, row)
	}
	if int64(size)*4 > limit {
		return nil, nil
	}
	c.at = slices.Repeat([]int32{-1}, in.Rows())
	c.data = make([]float32, 0, size)
	return c, c.fill(net, in, rows, k)
}

// fill computes the entries of rows.
func (c *cache) fill(net *model.Net, in data.Inputs, rows []int, k int) error {
	prefix, err := net.NewPrefix(k, prefixBatch)
	if err != nil {
		return fmt.Errorf("build the frozen blocks: %w", err)
	}
	defer prefix.Close()
	f, err := newFeed(in, prefixBatch)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(rows, prefixBatch) {
		out, err := f.outputs(prefix, some)
		if err != nil {
			return fmt.Errorf("run the frozen blocks: %w", err)
		}
		for _, row := range some {
			n := c.length(in, row)
			c.at[row] = int32(len(c.starts) - 1)
			c.data, out = append(c.data, out[:n]...), out[n:]
			c.starts = append(c.starts, len(c.data))
		}
	}
	return nil
}
